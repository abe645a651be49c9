/* test_edge_san.c - which edge a certificate's name belongs to, by a template. */
#include "common/api/edge_san.h"

#include <criterion/criterion.h>

static void expect_edge(const char *form, const char *name, const char *edge)
{
    kd_bytes found = kd_edge_san_edge(kd_bytes_str(form), kd_bytes_str(name));
    cr_expect(kd_bytes_eq(found, kd_bytes_str(edge)), "%s by %s: %.*s", name, form, (int)found.len,
              (const char *)found.data);
}

Test(edge_san, the_name_of_the_edge_stands_at_its_place)
{
    static const char dns[] = "{edge}.edges.example.net", uri[] = "spiffe://example.net/edge/{edge}";
    expect_edge(dns, "mum-1.edges.example.net", "mum-1");
    expect_edge(dns, "a.b.edges.example.net", "a.b");
    expect_edge(uri, "spiffe://example.net/edge/mum-1", "mum-1");
    expect_edge("edge-{edge}", "edge-7", "7");
}

Test(edge_san, what_is_not_of_the_form_is_no_edge)
{
    static const char dns[] = "{edge}.edges.example.net", uri[] = "spiffe://example.net/edge/{edge}";
    static const char *const others[] = {"",
                                         ".edges.example.net",
                                         "edges.example.net",
                                         "mum-1.edges.example.net.",
                                         "mum-1.edges.example.nex",
                                         "mum-1.EDGES.example.net",
                                         "MUM-1.edges.example.net",
                                         "*.edges.example.net",
                                         "a/b.edges.example.net",
                                         "mum-1",
                                         "{edge}.edges.example.net",
                                         "a-name-that-is-longer-than-an-edge-can-have.edges.example.net"};
    for (size_t i = 0; i < KD_COUNT(others); i++) expect_edge(dns, others[i], "");
    expect_edge(uri, "spiffe://example.net/edge/mum-1/admin", "");
    expect_edge(uri, "spiffe://example.org/edge/mum-1", "");
    expect_edge("ab{edge}ba", "aba", "");
}

Test(edge_san, a_template_has_one_place)
{
    static const char *const good[] = {"{edge}.e", "x{edge}", "spiffe://a/{edge}"};
    static const char *const bad[] = {"",         "{edge}",   "edge",           "{edge}.{edge}",
                                      "a {edge}", "{EDGE}.x", "{edge}.\xc3\xa4"};
    char longest[202];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "{edge}", 6);
    for (size_t i = 0; i < KD_COUNT(good); i++)
        cr_expect(kd_edge_san_valid(kd_bytes_str(good[i])), "%s", good[i]);
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect(!kd_edge_san_valid(kd_bytes_str(bad[i])), "%s", bad[i]);
    cr_expect(kd_edge_san_valid(kd_bytes_of(longest, 200)));
    cr_expect(!kd_edge_san_valid(kd_bytes_of(longest, 201)));
}

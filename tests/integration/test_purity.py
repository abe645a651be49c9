"""The cores are sans-IO: their archives need a hash, msgpack and a handful of pure C library calls, and nothing else."""
import glob
import os
import subprocess

BUILD = os.environ.get("BUILD", "build")
VARIANT = os.path.basename(BUILD)
SANITIZED = [f"-fsanitize={VARIANT}"] if VARIANT in ("address", "undefined", "address,undefined", "thread") else []
CORES = [f"{BUILD}/lib{name}_core.a" for name in ("kudos_edge", "kudos_central", "kudos_common")]

# No clock, no socket, no file, no random number, no thread. stderr and abort are the end of the road of our own bugs.
PURE = set("""
    memcpy memmove memset memcmp memchr strlen strcmp strncmp strchr strrchr strsep strstr strtoull strtoll strtol strtoul strtod strncasecmp strcasecmp
    malloc calloc realloc free aligned_alloc posix_memalign qsort qsort_r bsearch memmem abort fprintf fwrite fputs stderr snprintf
    vsnprintf __ctype_b_loc __errno_location __isoc99_sscanf _GLOBAL_OFFSET_TABLE_ __stack_chk_fail memrchr strnlen fputc
""".split())
PURE_PREFIXES = ("XXH", "msgpack_", "__ubsan", "__asan", "__tsan", "kd_")


def symbols(archive, flag):
    out = subprocess.run(["nm", "-P", flag, archive], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in out.splitlines() if line and not line.endswith(":")}


def test_cores_reference_only_pure_symbols():
    defined = set().union(*(symbols(a, "--defined-only") for a in CORES))
    undefined = set().union(*(symbols(a, "--undefined-only") for a in CORES))
    foreign = {s for s in undefined - defined - PURE if not s.startswith(PURE_PREFIXES)}
    assert not foreign, f"not pure: {sorted(foreign)}"


def test_nothing_of_kudos_is_missing_from_the_cores():
    defined = set().union(*(symbols(a, "--defined-only") for a in CORES))
    undefined = set().union(*(symbols(a, "--undefined-only") for a in CORES))
    assert not {s for s in undefined - defined if s.startswith("kd_")}


def test_cores_link_without_io_libraries(tmp_path):
    main = tmp_path / "main.c"
    main.write_text("int main(void) { return 0; }\n")
    subprocess.run(
        ["gcc", *SANITIZED, str(main), "-Wl,--whole-archive", *CORES, "-Wl,--no-whole-archive", "-lxxhash", "-lmsgpackc", "-o",
         str(tmp_path / "linked")], check=True)


def test_core_sources_include_no_io_header():
    banned = ("<event", "<nghttp2", "<leveldb", "<librdkafka", "<sys/socket", "<time.h", "<sys/time", "<pthread", "<unistd",
              "<fcntl", "/io/")
    sources = [f for folder in ("common", "edge/core", "central/core", "include/kudos") for f in glob.glob(f"{folder}/**/*.[ch]", recursive=True)]
    pure = sorted(f for f in sources if not f.startswith("common/io/"))
    assert len(pure) > 100
    for name in pure:
        for line in open(name):
            assert not (line.startswith("#include") and any(b in line for b in banned)), f"{name}: {line}"

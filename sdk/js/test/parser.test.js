import assert from "node:assert/strict";
import { test } from "node:test";
import { parser } from "../src/live/parser.js";

const bytes = (text) => new TextEncoder().encode(text);

function parsed(...chunks) {
  const events = [], waits = [], parse = parser((event) => events.push(event), (ms) => waits.push(ms));
  for (const chunk of chunks) parse(typeof chunk === "string" ? bytes(chunk) : chunk);
  return { events, waits };
}

const STREAM = "\uFEFFretry: 2000\n\nevent: state\nid: a.1\ndata: {\"items\":[\"é♥𝄞\"]}\n\n: beat\n\nevent: change\r\nid: a.2\r\ndata: one\r\ndata:two\r\n\r\nevent: bye\rdata: {}\r\r: end\n";
const EVENTS = [
  { event: "state", data: '{"items":["é♥𝄞"]}', id: "a.1" },
  { event: "change", data: "one\ntwo", id: "a.2" },
  { event: "bye", data: "{}", id: "a.2" },
];

test("events, whatever ends their lines; comments, and a BOM, are nothing", () => {
  assert.deepEqual(parsed(STREAM), { events: EVENTS, waits: [2000] });
});

test("split at any byte, and into single bytes, it is the same", () => {
  const all = bytes(STREAM);
  for (let i = 0; i <= all.length; i++) assert.deepEqual(parsed(all.slice(0, i), all.slice(i)).events, EVENTS, `at ${i}`);
  assert.deepEqual(parsed(...Array.from(all, (_, i) => all.slice(i, i + 1))).events, EVENTS);
});

test("an event without data, one that is not whole, and fields that nobody knows are nothing", () => {
  assert.deepEqual(parsed("event: bye\n\nfoo: bar\nfoo\n:\n\ndata: cut").events, []);
  assert.deepEqual(parsed("event: x\n\ndata\n\n").events, [{ event: "message", data: "", id: undefined }]);
  assert.deepEqual(parsed("retry: 1s\nretry: -1\nretry:500\n").waits, [500]);
});

test("a colon in a value, and one blank after the first colon", () => {
  assert.deepEqual(parsed("data:  a: b\n\n").events, [{ event: "message", data: " a: b", id: undefined }]);
});

test("a line, or an event, without end is an error after a MiB", () => {
  const long = "x".repeat(1 << 16);
  assert.throws(() => parsed(...Array(17).fill(long)), RangeError);
  assert.throws(() => parsed(...Array(17).fill(`data: ${long}\n`)), RangeError);
  assert.equal(parsed(...Array(15).fill(`data: ${long}\n`), "\n").events[0].data.length, 15 * 65537 - 1);
});

// The parser of a stream of events (WHATWG HTML, "Server-sent events"): bytes in, events out. It does no I/O, and holds only the event that is not whole yet:
// MOST characters of it at most. A longer one is an error.

const MOST = 1 << 20;

/** Returns a function that takes the bytes as they come. `heard` gets events, {event, data, id}; `retry` the ms that the server wants between connections. */
export function parser(heard, retry) {
  const text = new TextDecoder(); // takes a BOM away, and waits for the rest of a character
  let rest = "", event = "", data = "", id;

  function field(line) {
    const [, name, value] = /^([^:]*):? ?(.*)/s.exec(line);
    if (name === "event") event = value;
    if (name === "data") data += `${value}\n`;
    if (name === "id") id = value;
    if (name === "retry" && /^\d+$/.test(value)) retry(Number(value));
  }

  function end() {
    if (data) heard({ event: event || "message", data: data.slice(0, -1), id });
    event = data = "";
  }

  return (bytes) => {
    const lines = (rest + text.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/); // a CR at the end may be half of a CRLF
    rest = lines.pop();
    for (const line of lines) line ? field(line) : end();
    if (rest.length + data.length > MOST) throw new RangeError("endless event");
  };
}

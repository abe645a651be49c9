// What an answer to a batch means. Pure: an answer in, a verdict out. docs/api.md, "Errors", is the source.
//
//   taken    [{operation, result}]: on the server's disk
//   refused  [{operation, problem}]: will never be taken
//   again    the same bytes with the same key, after a pause
//   drop     what was wrong with the request, so that it is made anew: "session", "key", "size", "token"
//   wait     seconds that the server asks for

/** May the same request be answered otherwise later? Answers that are not of Kudos (a portal, a proxy, nobody) say nothing about it. */
export const passing = ({ status, problem }) => status < 400 || status >= 500 || [408, 409, 429].includes(status) || (status !== 401 && !problem);

/** `all`: the answer is about every operation, as one that gives no visitor's token is. */
export function outcome(answer, operations, all) {
  if (answer.status === 200 && answer.json?.results?.length === operations.length) return results(answer.json.results, operations);
  const { problem } = answer, wait = answer.retryAfter;
  if (passing(answer)) return { again: true, wait, problem };
  if (answer.status === 401) return { drop: "token", problem };
  if (problem.type === "key-reused") return { drop: "key" };
  if (problem.field === "Kudos-Session") return { drop: "session" };
  return all ? { refused: operations.map((operation) => ({ operation, problem })) } : mistake(problem, operations);
}

/** Of a batch beyond a limit some operations are taken; the others need another key, and go later. */
function results(list, operations) {
  const taken = [];
  let wait = 0, problem;
  list.forEach((result, i) => {
    if (!result.error) taken.push({ operation: operations[i], result });
    else [wait, problem] = [Math.max(wait, result.error.retry_after_s || 1), problemOf(result.error)];
  });
  return { taken, wait, problem };
}

/** A request that is wrong: the operation that is named is refused; where none is named, it is looked for by halves. */
function mistake(problem, operations) {
  const named = /^operations\[(\d+)\]/.exec(problem.field ?? "");
  const operation = named ? operations[named[1]] : operations.length === 1 && operations[0];
  return operation ? { refused: [{ operation, problem }] } : { drop: "size" };
}

/** A problem (RFC 9457) of Kudos by its short name, or undefined. */
export function problemOf(json) {
  const type = /^urn:kudos:(.+)$/.exec(json?.type ?? "");
  return type ? { ...json, type: type[1] } : undefined;
}

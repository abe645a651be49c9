// Validates AsyncAPI documents: prints what is wrong with each, and a last line for it. Ends with 1 when a document has an error or a warning.
// usage: node lint.mjs FILE..., with the package of package.json installed beside it
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const ERROR = 0, WARNING = 1;
const parser = new Parser();
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await parser.parse(readFileSync(file, "utf8"));
  const wrong = diagnostics.filter((d) => d.severity === ERROR || d.severity === WARNING);
  for (const d of wrong) console.log(`${d.code} ${d.path.join("/")} ${d.message}`);
  const good = document && wrong.length === 0;
  console.log(good ? `${file}: ${document.channels().length} channels, ${document.allMessages().length} messages` : `${file}: wrong`);
  if (!good) process.exitCode = 1;
}

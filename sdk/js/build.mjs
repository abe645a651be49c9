// Makes dist/ of src/: each entry in one file, kudos-like.js beside those that it loads. `unsafe` of terser: templates and Boolean() are written shorter. Run by `npm pack`.
import { build } from "esbuild";
import { mkdir, writeFile } from "node:fs/promises";
import { minify } from "terser";

// Properties that only these files know get short names, the same in all of them. None is of the API (types/), in a queue on disk, or in what pages tell each other:
// other versions read those.
const OWN = /^(again|alone|bearer|drain|drop|fields|hear|identity|know|lay|leave|newId|queueName|retryAfter|sent|taken|tap|tell|told|watched|wrong)$/;
const nameCache = {};

await mkdir("dist", { recursive: true });
for (const [name, external] of [["kudos", []], ["kudos-live", []], ["kudos-like", ["./kudos.js", "./kudos-live.js"]]]) {
  const { outputFiles } = await build({ entryPoints: [`src/${name}.js`], outfile: `dist/${name}.js`, bundle: true, format: "esm", target: "es2022", external, write: false, minifySyntax: true });
  const { code } = await minify(outputFiles[0].text, { module: true, nameCache, mangle: { properties: { regex: OWN } },
    compress: { passes: 6, ecma: 2022, unsafe: true, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, arrows: false, lhs_constants: false } });
  await writeFile(`dist/${name}.js`, code);
}

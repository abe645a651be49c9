// Makes dist/ of src/: each entry in one file, kudos-like.js beside those that it loads. `unsafe` of terser: templates and Boolean() are written shorter. Run by `npm pack`.
import { build } from "esbuild";
import { mkdir, writeFile } from "node:fs/promises";
import { minify } from "terser";

await mkdir("dist", { recursive: true });
for (const [name, external] of [["kudos", []], ["kudos-live", []], ["kudos-like", ["./kudos.js", "./kudos-live.js"]]]) {
  const { outputFiles } = await build({ entryPoints: [`src/${name}.js`], outfile: `dist/${name}.js`, bundle: true, format: "esm", target: "es2022", external, write: false });
  const { code } = await minify(outputFiles[0].text, { module: true, compress: { passes: 3, ecma: 2022, unsafe: true, unsafe_arrows: true } });
  await writeFile(`dist/${name}.js`, code);
}

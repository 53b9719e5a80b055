// Runs a Python script in Pyodide under Node, as a browser would: no network, no packages but those handed over.
// node run.mjs FOLDER: unpacks FOLDER/packages/*.zip where Python looks for packages, lays all other files of FOLDER
// into the working folder, runs script.py there (await at top level works), and copies what is new in out/ back.
import { loadPyodide } from "pyodide";
import fs from "node:fs";
import path from "node:path";

const folder = process.argv[2];
if (!folder) {
  console.error("usage: node run.mjs FOLDER");
  process.exit(2);
}
const bytes = (file) => new Uint8Array(fs.readFileSync(file)); // Pyodide takes no Buffer of Node's

const python = await loadPyodide({ stdout: (line) => console.log(line), stderr: (line) => console.error(line) });
for (const name of fs.readdirSync(path.join(folder, "packages"))) {
  python.unpackArchive(bytes(path.join(folder, "packages", name)), "zip", {
    extractDir: python.runPython("import site; site.getsitepackages()[0]"),
  });
}
for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
  if (entry.isFile()) python.FS.writeFile(entry.name, bytes(path.join(folder, entry.name)));
}
python.FS.mkdir("out");
try {
  await python.runPythonAsync(fs.readFileSync(path.join(folder, "script.py"), "utf8"));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
fs.mkdirSync(path.join(folder, "out"), { recursive: true });
for (const name of python.FS.readdir("out")) {
  if (!name.startsWith(".")) fs.writeFileSync(path.join(folder, "out", name), python.FS.readFile(`out/${name}`));
}

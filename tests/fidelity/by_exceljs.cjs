// Saves the scenes that come on standard input as JSON with exceljs: node by_exceljs.cjs FOLDER, in the folder of its package.
const path = require('node:path');
const { createRequire } = require('node:module');
const ExcelJS = createRequire(path.join(process.cwd(), 'package.json'))('exceljs');

const value = (given) => (given && given.date ? new Date(given.date + 'T00:00:00Z') : given);
const cellValue = (given) =>
  typeof given === 'string' && given.startsWith('=') ? { formula: given.slice(1), result: 0 } : value(given);

function addTable(sheet, grid) {
  const columns = grid.headers.map((name, place) => ({ name, filterButton: place === 0 ? false : true }));
  if (grid.totals) {
    columns[0].totalsRowLabel = '合计';
    Object.assign(columns[grid.headers.indexOf(grid.totals)], { totalsRowFunction: 'sum', totalsRowResult: grid.sum });
  }
  const rows = grid.rows.map((row) => row.map(value));
  const [ref] = grid.ref.split(':');
  sheet.addTable({ name: grid.name, ref, headerRow: grid.header, totalsRow: !!grid.totals, columns, rows });
  const first = grid.top + (grid.header ? 1 : 0);
  for (let row = first; row < first + rows.length; row += 1)
    grid.formats.forEach((form, place) => {
      if (form !== 'General') sheet.getCell(row, grid.left + place).numFmt = form;
    });
}

async function save(scene, file) {
  const book = new ExcelJS.Workbook();
  book.properties.date1904 = scene.date1904;
  const sheet = book.addWorksheet('登记 表');
  scene.tables.forEach((grid) => addTable(sheet, grid));
  scene.cells.forEach(([row, column, given]) => {
    sheet.getCell(row, column).value = cellValue(given);
    if (given && given.date) sheet.getCell(row, column).numFmt = 'yyyy-mm-dd';
  });
  scene.merged.forEach((area) => sheet.mergeCells(area));
  scene.notes.forEach(([cell, text]) => { sheet.getCell(cell).note = text; });
  scene.hidden.forEach((row) => { sheet.getRow(row).hidden = true; });
  if (scene.protected) await sheet.protect('pw', {});
  const totals = book.addWorksheet('Totals');
  scene.sums.forEach(([formula, result], place) => {
    totals.getCell(place + 1, 1).value = { formula: formula.slice(1), result };
  });
  scene.watch.forEach((formula, place) => {
    totals.getCell(place + 1, 2).value = { formula: formula.slice(1), result: 0 };
  });
  await book.xlsx.writeFile(file);
}

async function main() {
  let text = '';
  for await (const piece of process.stdin) text += piece;
  const scenes = JSON.parse(text);
  for (let place = 0; place < scenes.length; place += 1)
    await save(scenes[place], path.join(process.argv[2], `${place}.xlsx`));
}
main().catch((error) => { console.error(error); process.exit(1); });

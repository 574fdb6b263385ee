// node bench/parquet/write.ts POOL_DIR OUT_FILE ROWS → one line of JSON. A process of its own, so that its CPU time
// and its peak memory are those of writing rows and of nothing else (the pool included: both languages load it).
import { ParquetWriter } from '../../export/parquet.ts';
import { rlColumns } from '../../export/samples/rl-columns.ts';
import { rowMaker } from './rows.ts';

const [pool, out, rows] = process.argv.slice(2);
const columns = rlColumns(['correctness']);
const makeRow = rowMaker(pool!);
const baseRss = process.memoryUsage.rss();
const writer = await ParquetWriter.open({ path: out!, columns, rowGroupRows: 512 });
for (let k = 0; k < Number(rows); k += 1) await writer.append(makeRow(k));
const { rawBytes } = writer;
const file = await writer.finish();
await file.publish();
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    cpuSeconds: (user + system) / 1e6,
    rawMb: rawBytes / 1e6,
    fileMb: file.bytes / 1e6,
    rssRiseMb: (process.resourceUsage().maxRSS * 1024 - baseRss) / 1e6,
  }),
);

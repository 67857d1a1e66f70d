// Runs the program of lib.rs, whose memory may have 256 MiB, and checks what it takes.
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), {});
const { memory, lives, beside_the_standard_allocator, all_kinds, beginnings_and_resets, refused, typed_rows } = instance.exports;
const mib = () => memory.buffer.byteLength / (1 << 20);

const begin = mib();
assert.equal(lives(1, 10), 45n);
// 10,000 nodes of 16 bytes are 160 KB: blocks of 64 and 128 KiB.
lives(1, 10_000);
const once = mib();
assert.ok(once - begin <= 1, `one life of 160 KB took ${once - begin} MiB`);
lives(1000, 10_000);
assert.equal(mib(), once, "lives after the first took more memory");
// A life of 16 MB leaves ranges, out of which smaller ones are cut.
lives(1, 1_000_000);
const large = mib();
for (let nodes = 10; nodes < 1_000_000; nodes *= 3) lives(3, nodes);
assert.equal(mib(), large, "ranges were not joined and taken again");

assert.equal(beside_the_standard_allocator(), 400);
assert.equal(all_kinds(), 3);
assert.ok(beginnings_and_resets() > 0);
assert.ok(refused() > 40);
assert.equal(typed_rows(), 1000);
const rows = mib();
for (let round = 0; round < 100; round++) typed_rows();
assert.equal(mib(), rows, "rows did not give their memory back");
console.log(`wasm32: 6 programs, ${mib()} MiB of linear memory, ${large} after a life of 16 MB`);

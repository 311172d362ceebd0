"""Makes a ULog file of about N megabytes with the message mix of a sample: its data section again and again, later
each time, with the low byte of every float and double redrawn, so that values do not repeat.

    generate.py SAMPLE OUT --megabytes 400 [--seed 1]
The same sample, size and seed give the same bytes.
"""
import argparse
import random
import struct

from reference_reader import SIZES, flatten, parse_field

SHIFTED = ("timestamp", "time_utc_usec")


class Sample:
    def __init__(self, data):
        self.formats, self.topics, self.ids = {}, {}, {}
        self.times, self.noisy = [], []  # Offsets in the data section: of u64 times, of low bytes of numbers.
        begin, at = None, 16
        while at + 3 <= len(data):
            size, kind = struct.unpack_from("<HB", data, at)
            if at + 3 + size > len(data):
                break
            payload = data[at + 3:at + 3 + size]
            if kind == ord("F"):
                name, fields = payload.decode().split(":")
                self.formats[name] = [parse_field(f) for f in fields.split(";") if f]
            elif kind == ord("A"):
                assert begin is None or begin == at, "subscriptions stand before data in the samples"
                self.subscribe(payload)
                begin = at + 3 + size
            elif begin is not None:
                self.note(chr(kind), payload, at + 3 - begin)
            at += 3 + size
        self.definitions, self.repeated = data[:begin], data[begin:at]

    def subscribe(self, payload):
        number = struct.unpack_from("<H", payload, 1)[0]
        name = payload[3:].decode()
        if name not in self.topics:
            self.topics[name] = flatten(self.formats, name)[0]
        self.ids[number] = self.topics[name]

    def note(self, kind, payload, at):
        if kind in "LC":
            self.times.append(at + (1 if kind == "L" else 3))
        if kind != "D":
            return
        for leaf in self.ids[struct.unpack_from("<H", payload)[0]]:
            if leaf.name in SHIFTED and leaf.code == "uint64_t":
                self.times.append(at + 2 + leaf.offset)
            if leaf.code in ("float", "double"):
                step = struct.calcsize(SIZES[leaf.code])
                self.noisy += range(at + 2 + leaf.offset, at + 2 + leaf.offset + step * leaf.count, step)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("sample")
    arguments.add_argument("out")
    arguments.add_argument("--megabytes", type=int, default=400)
    arguments.add_argument("--seed", type=int, default=1)
    asked = arguments.parse_args()
    draw = random.Random(asked.seed)
    with open(asked.sample, "rb") as file:
        sample = Sample(file.read())
    mask = bytearray(len(sample.repeated))
    for at in sample.noisy:
        mask[at] = 0xff
    mask = int.from_bytes(mask, "little")
    times = [(at, struct.unpack_from("<Q", sample.repeated, at)[0]) for at in sample.times]
    plausible = [t for _, t in times if 0 < t < 2**50 // 4]
    turn = max(plausible) - min(plausible) + 1000
    original = int.from_bytes(sample.repeated, "little")
    with open(asked.out, "wb") as file:
        file.write(sample.definitions)
        written, turns = len(sample.definitions), 0
        while written < asked.megabytes * 1_000_000:
            noise = draw.getrandbits(8 * len(sample.repeated)) & mask
            again = bytearray((original ^ noise).to_bytes(len(sample.repeated), "little"))
            for at, time in times:
                if time > 0:
                    struct.pack_into("<Q", again, at, time + turns * turn)
            file.write(again)
            written += len(again)
            turns += 1


if __name__ == "__main__":
    main()

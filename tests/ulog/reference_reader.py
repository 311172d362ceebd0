"""A second reader of PX4 ULog files, written from the format's specification, to hold the first against.

Prints, for each table the importer promises (cli/import/ulog_reader.h has the rules of names and columns):
    utc_offset_us N|none
    table NAME ROWS FIRST_T_US LAST_T_US
    column TABLE NAME TYPE CRC FIRST LAST
CRC is the CRC-32 of all values of the column in order, in the layout they have in a batch: INT and TIMESTAMP as i64,
REAL f32, FLOAT f64, BOOL u8, VECTOR its elements, TEXT its bytes and a zero; NULL as zeros. FIRST and LAST are those
bytes of the first and last row in hexadecimal. The whole file is read into memory; damage is not handled.
"""
import collections
import struct
import sys
import zlib

SIZES = {"int8_t": "b", "uint8_t": "B", "int16_t": "h", "uint16_t": "H", "int32_t": "i", "uint32_t": "I",
         "int64_t": "q", "uint64_t": "Q", "float": "f", "double": "d", "bool": "B", "char": "s"}
LEVELS = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"]
SIDE_TABLES = {
    "parameters": ["t_us INT", "ts TIMESTAMP", "name TEXT", "type TEXT", "value FLOAT"],
    "parameter_defaults": ["name TEXT", "type TEXT", "value FLOAT", "is_system BOOL", "is_setup BOOL"],
    "log_messages": ["t_us INT", "ts TIMESTAMP", "level INT", "level_name TEXT", "tag INT", "message TEXT"],
    "info": ["name TEXT", "type TEXT", "item INT", "value TEXT"],
    "dropouts": ["t_us INT", "ts TIMESTAMP", "duration_ms INT"],
}
YEAR_2010_US, YEAR_2200_US = 1262304000000000, 7258118400000000

Field = collections.namedtuple("Field", "type count is_array name")
Leaf = collections.namedtuple("Leaf", "name sql code offset count")


def parse_field(text):
    kind, name = text.split(" ", 1)
    if "[" in kind:
        kind, count = kind[:-1].split("[")
        return Field(kind, int(count), True, name)
    return Field(kind, 1, False, name)


def sql_type(kind, count):
    if kind in ("float", "uint8_t", "int8_t") and count > 1:
        suffix = {"float": "", "uint8_t": ", u8", "int8_t": ", i8"}[kind]
        return f"VECTOR({count}{suffix})"
    return {"float": "REAL", "double": "FLOAT", "bool": "BOOL", "char": "TEXT"}.get(kind, "INT")


def is_vector(field):
    return field.type in ("float", "uint8_t", "int8_t") and 64 < field.count <= 16000


def flatten(formats, name, prefix="", offset=0):
    """(leaves, bytes) of a format."""
    leaves, begin = [], offset
    for field in formats[name]:
        code = SIZES.get(field.type)
        for i in range(1 if code and (field.type == "char" or is_vector(field)) else field.count):
            inner = prefix + field.name + (f"_{i}" if field.is_array and field.type != "char" and not is_vector(field)
                                           else "")
            if code is None:
                nested, size = flatten(formats, field.type, inner + "_", offset)
                if not field.name.startswith("_padding"):
                    leaves += nested
                offset += size
                continue
            count = field.count if field.type == "char" or is_vector(field) else 1
            if not field.name.startswith("_padding"):
                kind = sql_type(field.type, count if field.type != "char" else 1)
                leaves.append(Leaf(inner, kind, field.type, offset, count))
            offset += struct.calcsize(code) * count
    return leaves, offset - begin


def unique(name, taken):
    while name in taken:
        name += "_"
    taken.add(name)
    return name


class Topic:
    """A subscribed topic with its instance: its messages, as they came."""

    def __init__(self, formats, topic):
        leaves, self.bytes_max = flatten(formats, topic)
        self.bytes_min = max(l.offset + struct.calcsize(SIZES[l.code]) * l.count for l in leaves)
        self.time = next(l for l in leaves if l.name == "timestamp")
        assert self.time.code == "uint64_t", "the samples have no other timestamps"
        taken = {"t_us", "ts"}
        self.leaves = [l._replace(name=unique(l.name.lower(), taken)) for l in leaves if l is not self.time]
        self.raw = []
        self.times = []

    def columns(self, offset_us):
        yield "t_us INT", [struct.pack("<q", t) for t in self.times]
        yield "ts TIMESTAMP", [wall(t, offset_us) for t in self.times]
        for leaf in self.leaves:
            yield f"{leaf.name} {leaf.sql}", [value_bytes(leaf, raw) for raw in self.raw]


def wall(t_us, offset_us):
    return bytes(8) if offset_us is None or t_us is None else struct.pack("<q", (t_us + offset_us) * 1000)


def value_bytes(leaf, raw):
    size = struct.calcsize(SIZES[leaf.code])
    data = raw[leaf.offset:leaf.offset + size * leaf.count]
    if leaf.code == "char":
        return data.split(b"\0")[0].decode("utf-8", "replace").encode() + b"\0"
    if leaf.sql == "INT":
        value = struct.unpack("<" + SIZES[leaf.code], data)[0]
        return struct.pack("<q", value) if value < 2**63 else bytes(8)
    return (b"\1" if data != b"\0" else b"\0") if leaf.sql == "BOOL" else data


class Log:
    def __init__(self, data):
        self.data = data
        self.formats, self.topics, self.ids = {}, {}, {}
        self.rows = {name: [] for name in SIDE_TABLES}
        self.clock = struct.unpack_from("<Q", data, 8)[0]
        self.leap = None
        self.in_data = False
        self.offset_us, self.has_fix = None, False
        self.references = {}
        for kind, payload in self.messages():
            handler = getattr(self, f"message_{kind}", None)
            if handler:
                handler(payload)

    def messages(self):
        at = 16
        while at + 3 <= len(self.data):
            size, kind = struct.unpack_from("<HB", self.data, at)
            if at + 3 + size > len(self.data):
                return
            yield chr(kind), self.data[at + 3:at + 3 + size]
            at += 3 + size

    def message_F(self, payload):
        name, fields = payload.decode().split(":")
        self.formats[name] = [parse_field(f) for f in fields.split(";") if f]

    def message_A(self, payload):
        self.in_data = True
        instance, number = struct.unpack_from("<BH", payload)
        name = payload[3:].decode()
        topic = self.topics.setdefault((name, instance), Topic(self.formats, name))
        self.ids[number] = topic
        offsets = {l.name: l for l in topic.leaves}
        if "time_utc_usec" in offsets:
            self.references[number] = offsets

    def message_D(self, payload):
        number = struct.unpack_from("<H", payload)[0]
        topic, raw = self.ids[number], payload[2:]
        assert topic.bytes_min <= len(raw) <= topic.bytes_max
        time = struct.unpack_from("<Q", raw, topic.time.offset)[0]
        topic.raw.append(raw)
        topic.times.append(time)
        self.see(time)
        if number in self.references and not self.has_fix:
            self.reference(self.references[number], time, raw)

    def see(self, time):
        """One leap of more than ten minutes is not believed, two that agree are."""
        if time <= self.clock:
            return
        if time - self.clock <= 600_000_000 or (self.leap and abs(time - self.leap) <= 600_000_000):
            self.clock = time
        else:
            self.leap = time

    def reference(self, leaves, time, raw):
        """UTC less the boot clock: by the first message with a 3-D fix, else the first with a plausible time."""
        def read(name, otherwise):
            return struct.unpack_from("<" + SIZES[leaves[name].code], raw, leaves[name].offset)[0] \
                if name in leaves else otherwise
        utc = read("time_utc_usec", 0)
        if not YEAR_2010_US <= utc <= YEAR_2200_US:
            return
        self.has_fix = read("fix_type", 3) >= 3
        if self.has_fix or self.offset_us is None:
            self.offset_us = utc - (time + read("timestamp_time_relative", 0))

    def message_P(self, payload):
        field, value = self.pair(payload)
        self.rows["parameters"].append((self.clock if self.in_data else None, None, field.name, field.type,
                                        float(struct.unpack("<" + SIZES[field.type], value)[0])))

    def message_Q(self, payload):
        field, value = self.pair(payload[1:])
        self.rows["parameter_defaults"].append((field.name, field.type,
                                                float(struct.unpack("<" + SIZES[field.type], value)[0]),
                                                bool(payload[0] & 1), bool(payload[0] & 2)))

    def message_I(self, payload):
        self.info(payload, None)

    def message_M(self, payload):
        self.info(payload[1:], payload[0] != 0)

    def info(self, payload, continued):
        field, value = self.pair(payload)
        kind = field.type + (f"[{field.count}]" if field.is_array else "")
        if field.type == "char":
            text = value.split(b"\0")[0].decode("utf-8", "replace")
        else:
            text = ",".join(str(v) for v in struct.unpack(f"<{field.count}{SIZES[field.type]}", value))
            text = f"[{text}]" if field.is_array else text
        last = self.rows["info"][-1] if self.rows["info"] else None
        item = last[2] + 1 if continued is not None and last and last[0] == field.name else 0
        if continued and item > 0:
            self.rows["info"][-1] = (field.name, kind, last[2], last[3] + text)
        else:
            self.rows["info"].append((field.name, kind, item, text))

    @staticmethod
    def pair(payload):
        return parse_field(payload[1:1 + payload[0]].decode()), payload[1 + payload[0]:]

    def message_L(self, payload):
        level, time = struct.unpack_from("<BQ", payload)
        self.log_message(level, time, None, payload[9:])

    def message_C(self, payload):
        level, tag, time = struct.unpack_from("<BHQ", payload)
        self.log_message(level, time, tag, payload[11:])

    def log_message(self, level, time, tag, text):
        self.in_data = True
        self.rows["log_messages"].append((time, None, level - 48, LEVELS[level - 48], tag,
                                          text.decode("utf-8", "replace")))

    def message_O(self, payload):
        self.rows["dropouts"].append((self.clock, None, struct.unpack("<H", payload)[0]))

    def table_names(self):
        taken = set(SIDE_TABLES)
        for name, instance in self.topics:
            between = "_"
            while instance and f"{name}{between}{instance}" in self.formats:
                between += "_"
            yield (name, instance), unique(name.lower() + (f"{between}{instance}" if instance else ""), taken)


def side_bytes(kind, value, t_us, offset_us):
    if kind == "TIMESTAMP":
        return wall(t_us, offset_us)
    if kind == "TEXT":
        return value.encode() + b"\0"
    code = {"INT": "<q", "FLOAT": "<d", "BOOL": "<B"}[kind]
    return struct.pack(code, value) if value is not None else bytes(struct.calcsize(code))


def report(table, columns, times):
    print("table", table, len(times), times[0] if times else "-", times[-1] if times else "-")
    for name, values in columns:
        column, kind = name.split(" ", 1)
        print("column", table, column, kind.replace(" ", ""), f"{zlib.crc32(b''.join(values)):08x}",
              values[0].hex() if values else "-", values[-1].hex() if values else "-")


def main():
    with open(sys.argv[1], "rb") as file:
        log = Log(file.read())
    print("utc_offset_us", "none" if log.offset_us is None else log.offset_us)
    for key, table in log.table_names():
        topic = log.topics[key]
        report(table, topic.columns(log.offset_us), topic.times)
    for table, columns in SIDE_TABLES.items():
        rows = log.rows[table]
        timed = columns[0] == "t_us INT"
        values = [(name, [side_bytes(name.split()[1], row[i], row[0] if timed else None, log.offset_us)
                          for row in rows]) for i, name in enumerate(columns)]
        report(table, values, [row[0] or 0 for row in rows] if timed else [0] * len(rows))


if __name__ == "__main__":
    main()

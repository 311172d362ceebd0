// The ULog reader against files built by hand from the format's specification.
#include "import/ulog_reader.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "import/read_test.h"
#include "import/ulog_builder.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

struct Read : MemoryRead<UlogSummary> {
  explicit Read(const std::string& bytes)
      : MemoryRead(bytes, [](Input& input, TableSink& into) { return read_ulog(input, into); }) {}
  [[nodiscard]] std::string error() const { return summary ? "none" : summary.error().to_string(); }
  [[nodiscard]] std::string warning() const {
    REQUIRE(summary);
    return summary->warnings.empty() ? "none" : summary->warnings.front();
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

UlogBuilder one_topic() { return UlogBuilder().format("t:uint64_t timestamp;int32_t a;").subscribe(0, "t"); }
}  // namespace

TEST_CASE("ulog: every basic type arrives as its SQL type with its value") {
  UlogBuilder log;
  log.format(
         "all:uint64_t timestamp;int8_t a;uint8_t b;int16_t c;uint16_t d;int32_t e;uint32_t f;int64_t g;"
         "uint64_t h;float i;double j;bool k;char l;char[5] m;")
      .subscribe(7, "all")
      .data(7, std::uint64_t{123}, std::int8_t{-1}, std::uint8_t{255}, std::int16_t{-2}, std::uint16_t{65535},
            std::int32_t{-3}, std::uint32_t{4294967295}, std::int64_t{-4}, std::uint64_t{5}, 0.5F, 0.1, std::uint8_t{1},
            'x', std::string("ab\0cd", 5));
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.columns("all") ==
        "t_us INT, ts TIMESTAMP, a INT, b INT, c INT, d INT, e INT, f INT, g INT, h INT, i REAL, j FLOAT, k BOOL, "
        "l TEXT, m TEXT");
  CHECK(read.sink.table("all").rows == std::vector<Texts>{{"123", "NULL", "-1", "255", "-2", "65535", "-3",
                                                           "4294967295", "-4", "5", "0.5", "0.1", "t", "x", "ab"}});
}

TEST_CASE("ulog: a uint64 beyond INT becomes NULL and is counted") {
  const Read read(UlogBuilder()
                      .format("t:uint64_t timestamp;uint64_t a;")
                      .subscribe(0, "t")
                      .data(0, std::uint64_t{1}, ~std::uint64_t{0})
                      .data(0, std::uint64_t{2}, std::uint64_t{9223372036854775807U})
                      .bytes());
  CHECK(read.sink.table("t").column("a") == Texts{"NULL", "9223372036854775807"});
  CHECK(read.warning() == "1 uint64 values above 2^63-1 became NULL");
}

TEST_CASE("ulog: arrays and nested types are flattened, used before they are defined, padding left out") {
  UlogBuilder log;
  log.format("outer:uint64_t timestamp;uint8_t[3] _padding0;inner[2] part;float[2] v;inner one;uint8_t[4] _padding1;")
      .format("inner:int16_t Value;uint8_t _padding0;")
      .subscribe(0, "outer")
      .data(0, std::uint64_t{9}, std::string(3, 'p'), std::int16_t{10}, 'p', std::int16_t{11}, 'p', 1.0F, 2.0F,
            std::int16_t{12}, 'p');
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.columns("outer") ==
        "t_us INT, ts TIMESTAMP, part_0_value INT, part_1_value INT, v_0 REAL, v_1 REAL, one_value INT");
  CHECK(read.sink.table("outer").rows == std::vector<Texts>{{"9", "NULL", "10", "11", "1", "2", "12"}});
}

TEST_CASE("ulog: padding at the end may be logged or not") {
  auto log = UlogBuilder().format("t:uint64_t timestamp;int8_t a;uint8_t[7] _padding0;").subscribe(0, "t");
  log.data(0, std::uint64_t{1}, std::int8_t{5}).data(0, std::uint64_t{2}, std::int8_t{6}, std::string(7, '\0'));
  CHECK(Read(log.bytes()).sink.table("t").column("a") == Texts{"5", "6"});
}

TEST_CASE("ulog: the timestamp may stand anywhere in the message") {
  auto log = UlogBuilder().format("t:int8_t a;uint64_t timestamp;int8_t b;").subscribe(0, "t");
  log.data(0, std::int8_t{1}, std::uint64_t{77}, std::int8_t{2});
  CHECK(Read(log.bytes()).sink.table("t").rows == std::vector<Texts>{{"77", "NULL", "1", "2"}});
}

TEST_CASE("ulog: a long array of small numbers is one vector") {
  const auto log =
      UlogBuilder()
          .format("t:uint64_t timestamp;float[65] a;uint8_t[65] b;float[64] c;")
          .subscribe(0, "t")
          .data(0, std::uint64_t{1}, std::string(65 * 4, '\0'), std::string(65, '\2'), std::string(64 * 4, '\0'));
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("t").schema.columns.size() == 2 + 2 + 64);
  CHECK(has(read.sink.columns("t"), "a VECTOR(65), b VECTOR(65, u8), c_0 REAL"));
  CHECK(read.sink.table("t").rows[0][3].substr(0, 6) == "[2,2,2");
}

TEST_CASE("ulog: an instance has a table of its own, and names never collide") {
  UlogBuilder log;
  for (const char* name : {"t", "t_1", "info"}) log.format(std::string(name) + ":uint64_t timestamp;");
  log.subscribe(0, "t").subscribe(1, "t", 1).subscribe(2, "t_1").subscribe(3, "t", 2).subscribe(4, "info");
  for (std::uint16_t id = 0; id < 5; ++id) log.data(id, std::uint64_t{id});
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("t").column("t_us") == Texts{"0"});
  CHECK(read.sink.table("t__1").column("t_us") == Texts{"1"});
  CHECK(read.sink.table("t_1").column("t_us") == Texts{"2"});
  CHECK(read.sink.table("t_2").column("t_us") == Texts{"3"});
  CHECK(read.sink.table("info_").column("t_us") == Texts{"4"});
}

TEST_CASE("ulog: a topic subscribed again under another id goes on in its table; one never logged is empty") {
  auto log = one_topic().data(0, std::uint64_t{1}, std::int32_t{1}).message('R', packed(std::uint16_t{0}));
  log.subscribe(5, "t").data(5, std::uint64_t{2}, std::int32_t{2}).subscribe(6, "t", 1);
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("t").column("a") == Texts{"1", "2"});
  CHECK(read.sink.table("t_1").rows.empty());
}

TEST_CASE("ulog: column names that SQL could not tell apart are made different") {
  const auto log = UlogBuilder().format("t:uint64_t timestamp;int8_t Ts;int8_t a_0;int8_t[1] a;").subscribe(0, "t");
  CHECK(Read(log.bytes()).sink.columns("t") == "t_us INT, ts TIMESTAMP, ts_ INT, a_0 INT, a_0_ INT");
}

TEST_CASE("ulog: narrow timestamps that wrap around go on upwards") {
  UlogBuilder log(1'000'000);
  log.format("wide:uint64_t timestamp;").format("narrow:uint16_t timestamp;").format("tiny:uint8_t timestamp;");
  log.subscribe(0, "wide").subscribe(1, "narrow").subscribe(2, "tiny");
  // 1,000,000 = 15 * 65,536 + 16,960; the log's clock jumps on by 10 s, which is 10,000 ms = 39 * 256 + 16.
  log.data(1, std::uint16_t{16'960}).data(1, std::uint16_t{65'000}).data(1, std::uint16_t{10});
  log.data(0, std::uint64_t{11'000'000}).data(1, std::uint16_t{55'000});  // 11,000,000 = 167 * 65,536 + 55,488.
  log.data(2, std::uint8_t{248}).data(2, std::uint8_t{3});                // 11,000 ms = 42 * 256 + 248.
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("narrow").column("t_us") == Texts{"1000000", "1048040", "1048586", "10999512"});
  CHECK(read.sink.table("tiny").column("t_us") == Texts{"11000000", "11011000"});
}

TEST_CASE("ulog: one message stamped by another boot does not move the log's clock, two do") {
  auto log = one_topic().data(0, std::uint64_t{5}, std::int32_t{0});
  log.data(0, std::uint64_t{1'000'000'000}, std::int32_t{0}).message('O', packed(std::uint16_t{1}));
  log.data(0, std::uint64_t{1'000'000'001}, std::int32_t{0}).message('O', packed(std::uint16_t{1}));
  CHECK(Read(log.bytes()).sink.table("dropouts").column("t_us") == Texts{"5", "1000000001"});
}

TEST_CASE("ulog: ts is UTC by the first message with a fix, also for rows before it") {
  UlogBuilder log;
  log.format("sensor_gps:uint64_t timestamp;uint64_t time_utc_usec;int32_t timestamp_time_relative;uint8_t fix_type;")
      .format("t:uint64_t timestamp;")
      .subscribe(0, "t")
      .subscribe(1, "sensor_gps")
      .data(0, std::uint64_t{1'000'000});
  const auto gps = [&log](std::uint64_t boot, std::uint64_t utc, std::int32_t relative, std::uint8_t fix) {
    log.data(1, boot, utc, relative, fix);
  };
  gps(1'500'000, 0, 0, 0);                               // No time yet.
  gps(1'600'000, 1'500'000'000'000'000, 0, 1);           // A time, but no fix.
  gps(3'000'000, 1'600'000'000'000'000, -1'000'000, 3);  // The fix is of 2 s since boot.
  gps(4'000'000, 1'700'000'000'000'000, 0, 3);
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("t").column("ts") == Texts{"1599999999000000000"});  // The row is 1 s before the fix.
  CHECK(read.summary->utc_offset_us == 1'600'000'000'000'000 - 2'000'000);
}

TEST_CASE("ulog: without any fix the first plausible time serves") {
  UlogBuilder log;
  log.format("vehicle_gps_position:uint64_t timestamp;uint64_t time_utc_usec;uint8_t fix_type;")
      .subscribe(1, "vehicle_gps_position")
      .data(1, std::uint64_t{0}, std::uint64_t{1'600'000'000'000'000}, std::uint8_t{2})
      .data(1, std::uint64_t{9}, std::uint64_t{1'700'000'000'000'000}, std::uint8_t{2});
  CHECK(Read(log.bytes()).summary->utc_offset_us == 1'600'000'000'000'000);
}

TEST_CASE("ulog: parameters, defaults, messages, info and dropouts have tables") {
  UlogBuilder log(50);
  log.pair('P', "int32_t A", packed(std::int32_t{-7}))
      .pair('Q', "float B", packed(0.25F), "\x02")
      .pair('I', "char[3] sys_name", "PX4")
      .pair('I', "uint8_t[3] list", "\x01\x02\x03")
      .pair('M', "char[2] text", "ab", std::string(1, '\0'))
      .pair('M', "char[2] text", "cd", "\x01")
      .pair('M', "char[2] text", "ef", std::string(1, '\0'))
      .pair('M', "char[0] empty", "", std::string(1, '\0'))
      .pair('I', "custom_t x", "\xff\x10")
      .message('L', packed('4', std::uint64_t{60}, "warned \xff"))
      .message('C', packed('6', std::uint16_t{9}, std::uint64_t{61}, "tagged"))
      .pair('P', "float B", packed(2.5F))
      .message('O', packed(std::uint16_t{30}));
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("parameters").rows ==
        std::vector<Texts>{{"NULL", "NULL", "A", "int32_t", "-7"}, {"50", "NULL", "B", "float", "2.5"}});
  CHECK(read.sink.table("parameter_defaults").rows == std::vector<Texts>{{"B", "float", "0.25", "f", "t"}});
  CHECK(read.sink.table("log_messages").rows ==
        std::vector<Texts>{{"60", "NULL", "4", "WARNING", "NULL", "warned \xef\xbf\xbd"},
                           {"61", "NULL", "6", "INFO", "9", "tagged"}});
  CHECK(read.sink.table("info").rows == std::vector<Texts>{{"sys_name", "char[3]", "0", "PX4"},
                                                           {"list", "uint8_t[3]", "0", "[1,2,3]"},
                                                           {"text", "char[2]", "0", "abcd"},
                                                           {"text", "char[2]", "1", "ef"},
                                                           {"empty", "char[0]", "0", ""},
                                                           {"x", "custom_t", "0", "ff10"}});
  CHECK(read.sink.table("dropouts").rows == std::vector<Texts>{{"50", "NULL", "30"}});
  CHECK(read.summary->dropouts == 1);
}

TEST_CASE("ulog: rows arrive in order in batches of bounded size, none lost at the borders") {
  auto log = one_topic();
  constexpr int kRows = 5'000;
  for (int i = 0; i < kRows; ++i) log.data(0, static_cast<std::uint64_t>(i), std::int32_t{i});
  const Read read(log.bytes());
  const auto& table = read.sink.table("t");
  REQUIRE(table.rows.size() == kRows);
  CHECK(table.batches == 3);  // 2,048 + 2,048 + 904.
  for (std::size_t i = 0; i < kRows; ++i) REQUIRE(table.rows[i][2] == std::to_string(i));
}

TEST_CASE("ulog: cut anywhere, a file gives the whole messages before the cut and says what was dropped") {
  auto log = one_topic();
  std::vector<std::size_t> ends;
  for (int i = 0; i < 4; ++i) {
    log.data(0, std::uint64_t{1}, std::int32_t{i});
    ends.push_back(log.bytes().size());
  }
  const std::size_t definitions = one_topic().bytes().size();
  for (std::size_t cut = definitions; cut < log.bytes().size(); ++cut) {
    const Read read(log.bytes().substr(0, cut));
    REQUIRE_MESSAGE(read.summary, read.error());
    const auto whole = std::ranges::count_if(ends, [cut](std::size_t end) { return end <= cut; });
    CHECK(read.sink.table("t").rows.size() == static_cast<std::size_t>(whole));
    const bool clean = cut == definitions || std::ranges::find(ends, cut) != ends.end();
    CHECK((read.warning() == "none") == clean);
  }
  CHECK(has(Read(log.bytes().substr(0, ends[0] + 5)).warning(),
            "the last message, at offset " + std::to_string(ends[0]) + ", is cut off after 5 bytes"));
}

TEST_CASE("ulog: zeros at the end are unwritten space, zeros before data are damage") {
  auto log = one_topic().data(0, std::uint64_t{1}, std::int32_t{1});
  const std::size_t end = log.bytes().size();
  const Read read(log.bytes() + std::string(5'000'000, '\0'));
  CHECK(read.warning() == "the file ends in 5000000 zeros, from offset " + std::to_string(end));
  log.raw(std::string(6, '\0')).data(0, std::uint64_t{1}, std::int32_t{1});
  CHECK(has(Read(log.bytes()).error(), "at offset " + std::to_string(end) + ": zeros are no message"));
}

TEST_CASE("ulog: appended data is read, and the unfinished message before it dropped") {
  const auto begin = [](std::uint64_t appended) {
    return UlogBuilder().flags(1, appended).format("t:uint64_t timestamp;int32_t a;").subscribe(0, "t");
  };
  const std::string first = begin(0).data(0, std::uint64_t{1}, std::int32_t{1}).raw("\x0e").bytes();
  auto log = begin(first.size()).data(0, std::uint64_t{1}, std::int32_t{1}).raw("\x0e");
  log.data(0, std::uint64_t{2}, std::int32_t{2});
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("t").column("a") == Texts{"1", "2"});
  CHECK(has(read.warning(), "cut off after 1 bytes"));
}

TEST_CASE("ulog: unknown incompatible flags are refused, unknown messages and newer versions read around") {
  for (const std::uint64_t flags : {std::uint64_t{2}, std::uint64_t{1} << 63, std::uint64_t{3}}) {
    const Read read(UlogBuilder().flags(flags).bytes());
    REQUIRE(!read.summary);
    CHECK(read.summary.error().code() == Code::unsupported);
  }
  auto log = one_topic().message('z', "?").message('z', "").data(0, std::uint64_t{1}, std::int32_t{1});
  CHECK(Read(log.bytes()).warning() == "2 messages of the unknown type 'z' were passed over");
  CHECK(Read(UlogBuilder(0, 2).bytes()).warning() == "format version 2 is newer than 1, the newest known here");
}

TEST_CASE("ulog: damage is an error that names the message and its offset") {
  const std::string at = std::to_string(one_topic().bytes().size());
  const auto data = [](auto... values) { return Read(one_topic().data(0, values...).bytes()).error(); };
  CHECK(has(data(std::uint64_t{1}), "corrupt: ULog: message 'D' at offset " + at + ": 't' has 12 to 12 bytes"));
  CHECK(has(data(std::uint64_t{1}, std::uint64_t{1}), "here are 16"));
  CHECK(has(data(~std::uint64_t{0}, std::int32_t{1}), "the timestamp is beyond"));
  CHECK(has(Read(one_topic().data(1, std::uint64_t{1}).bytes()).error(), "id 1 was never subscribed"));
  CHECK(has(Read(one_topic().message('D', "x").bytes()).error(), "2 bytes needed"));
  CHECK(has(Read(one_topic().subscribe(0, "t", 1).bytes()).error(), "message id 0 is taken by 't'"));
  CHECK(has(Read(one_topic().subscribe(1, "u").bytes()).error(), "no format defines the topic 'u'"));
  CHECK(has(Read(one_topic().message('R', packed(std::uint16_t{9})).bytes()).error(), "never made"));
  CHECK(has(Read(one_topic().message('\x07', "x").bytes()).error(), "byte 7 is no message type"));
  CHECK(has(Read(one_topic().flags(0).bytes()).error(), "flag bits anywhere but at the beginning"));
  CHECK(has(Read(one_topic().message('L', "4").bytes()).error(), "too short"));
  CHECK(has(Read(one_topic().message('I', "\x20xy").bytes()).error(), "the key is longer than the message"));
  CHECK(has(Read(one_topic().pair('P', "double X", packed(1.0)).bytes()).error(), "an int32_t or a float"));
}

TEST_CASE("ulog: what is not a ULog file is refused at once") {
  CHECK(has(Read("").error(), "the header needs 16 bytes, the file has 0"));
  CHECK(has(Read("ULog").error(), "the file has 4"));
  CHECK(has(Read("timestamp,value\n1,2\n").error(), "this is not a ULog file"));
}

TEST_CASE("ulog: formats that name nothing, name themselves or grow without bound are refused") {
  const auto format = [](const std::string& text) {
    return Read(UlogBuilder().format(text).subscribe(0, text.substr(0, 1)).bytes()).error();
  };
  CHECK(has(format("t:uint64_t timestamp;other x;"), "type 'other' is not defined"));
  CHECK(has(format("t:uint64_t timestamp;t x;"), "nested deeper than 16, or in itself"));
  CHECK(has(format("t:uint64_t timestamp;float[0] x;"), "an array of no elements"));
  CHECK(has(format("t:uint64_t timestamp;float[99999999999] x;"), "the array's length is not a number"));
  CHECK(has(format("t:uint64_t timestamp;float[20000] x;"), "larger than a message can be"));
  CHECK(has(format("t:float x;"), "has no timestamp"));
  CHECK(has(format("t:float timestamp;"), "not an unsigned integer"));
  CHECK(has(format("t:"), "has no field"));
  CHECK(has(format("t"), "a format needs a name and a colon"));
  CHECK(has(format("t:float"), "no space"));
}

TEST_CASE("ulog: nesting is bounded also when inner formats were measured before") {
  UlogBuilder log;
  log.format("t0:uint64_t timestamp;");
  for (int i = 1; i < 30; ++i) {
    log.format("t" + std::to_string(i) + ":uint64_t timestamp;t" + std::to_string(i - 1) + " x;");
  }
  for (std::uint16_t i = 0; i < 30; ++i) log.subscribe(i, "t" + std::to_string(i));
  CHECK(has(Read(log.bytes()).error(), "format 't16' is nested deeper than 16"));
}

TEST_CASE("ulog: a topic too wide for a table is passed over with a warning, the others are read") {
  auto log = one_topic().format("w:uint64_t timestamp;uint16_t[901] a;").subscribe(1, "w");
  log.data(1, std::uint64_t{1}, std::string(1'802, '\0')).data(0, std::uint64_t{1}, std::int32_t{5});
  const Read read(log.bytes());
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("t").column("a") == Texts{"5"});
  CHECK(has(read.warning(), "topic 'w' has more than 900 columns"));
}

TEST_CASE("ulog: an error of the sink ends the reading and is handed on") {
  struct Refusing final : TableSink {
    Result<std::size_t> begin_table(const ImportTable& table) override {
      if (table.name == "t") return Error(Code::full, "no room");
      return std::size_t{0};
    }
    Result<void> append(std::size_t, const TableBatch&) override { return {}; }
  } sink;
  const auto input = memory_input(one_topic().bytes());
  const auto summary = read_ulog(*input, sink);
  REQUIRE(!summary);
  CHECK(summary.error().code() == Code::full);
}

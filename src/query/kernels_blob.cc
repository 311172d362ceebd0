// Functions of BLOB, and between it and TEXT.
#include "query/adapt.h"
#include "query/kernel_error.h"
#include "query/signature.h"
#include "query/text_limit.h"
#include "table/blob_values.h"
#include "types/md5.h"
#include "types/text_cursor.h"
#include "types/text_form.h"
#include "types/utf8.h"

namespace mneme::query {
namespace {

using Integer = std::int64_t;

Integer byte_count(std::string_view bytes) { return static_cast<Integer>(bytes.size()); }
Integer bit_count(std::string_view bytes) { return static_cast<Integer>(bytes.size()) * 8; }
std::string md5(std::string_view bytes) { return md5_hex(as_bytes(bytes)); }

Result<void> check_encoding(std::string_view name) {
  std::string folded;
  for (const char c : name) folded += to_lower(c);
  if (folded == "utf8" || folded == "utf-8" || folded == "unicode") return {};
  return bad_argument("there is no encoding " + quoted_for_message(name), "22023").with_hint("text is UTF8 everywhere");
}
Result<std::string_view> convert_to(std::string_view text, std::string_view encoding) {
  TRY(check_encoding(encoding));
  return text;
}
Result<std::string_view> convert_from(std::string_view bytes, std::string_view encoding) {
  TRY(check_encoding(encoding));
  if (!is_valid_utf8(bytes)) return bad_argument("invalid byte sequence for encoding \"UTF8\"", "22021");
  return bytes;
}

struct Window {  // Of the bytes of a value.
  std::size_t begin = 0;
  std::size_t count = 0;
};
// It may be asked to begin before the first byte: it is then cut, not moved.
Result<Window> window_of(std::size_t bytes, Integer start, Integer count) {
  if (count < 0) return bad_argument("negative substring length not allowed", "22011");
  Integer end = 0;
  if (__builtin_add_overflow(start, count, &end)) end = INT64_MAX;
  const auto clamp = [&](Integer place) {
    const Integer size = static_cast<Integer>(bytes);
    return static_cast<std::size_t>(place <= 1 ? 0 : place - 1 > size ? size : place - 1);
  };
  return Window{clamp(start), clamp(end) - clamp(start)};
}
Result<Window> window_from(std::size_t bytes, Integer start) {
  return window_of(bytes, start < 1 ? 1 : start, INT64_MAX);
}
Result<std::string_view> part_of(std::string_view bytes, Integer start, Integer count) {
  const Window window = TRY(window_of(bytes.size(), start, count));
  return bytes.substr(window.begin, window.count);
}
Result<std::string_view> rest_of(std::string_view bytes, Integer start) {
  const Window window = TRY(window_from(bytes.size(), start));
  return bytes.substr(window.begin, window.count);
}

// --- The same of values in blob files, of which no more is read than is asked for.
std::size_t size_of(const StringRef& value) noexcept {
  return value.is_reference() ? blob_ref(value).bytes : value.bytes();
}

template <Integer kUnitsPerByte>
Result<void> size_by_reference(Operands operands, std::size_t rows, Store&, Column& out) {
  map_rows<Integer>(operands, rows, out, [&](std::size_t row) {
    return static_cast<Integer>(size_of(operands[0].at<StringRef>(row))) * kUnitsPerByte;
  });
  return {};
}

Result<void> part_by_reference(Operands operands, std::size_t rows, Store& store, Column& out) {
  const auto validity = strict_validity(operands, rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (!bit_of(validity, row)) {
      out.append_null();
      continue;
    }
    const auto& value = operands[0].at<StringRef>(row);
    const Integer start = operands[1].at<Integer>(row);
    const Window window = TRY(operands.size() == 3 ? window_of(size_of(value), start, operands[2].at<Integer>(row))
                                                   : window_from(size_of(value), start));
    if (value.is_reference()) {
      TRY(append_blob(store, blob_ref(value), window.begin, window.count, out));
    } else {
      out.append_borrowed({value.data + window.begin, window.count});
    }
  }
  return {};
}

// --- encode and decode.
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

Result<std::string> from_hex(std::string_view text) {
  std::string out;
  int high = -1;
  for (const char c : text) {
    if (is_space(c) && high < 0) continue;
    const std::size_t digit = kHex.find(to_lower(c));
    if (digit == std::string_view::npos)
      return bad_argument("invalid hexadecimal digit: " + quoted_for_message({&c, 1}), "22023");
    if (high >= 0) out += static_cast<char>(high << 4 | static_cast<int>(digit));
    high = high >= 0 ? -1 : static_cast<int>(digit);
  }
  if (high >= 0) return bad_argument("invalid hexadecimal data: odd number of digits", "22023");
  return out;
}

std::string to_base64(std::string_view bytes) {
  constexpr std::size_t kLineChars = 76;  // As PostgreSQL and RFC 2045 break lines.
  std::string out;
  std::size_t line = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    if (line == kLineChars) out += '\n', line = 0;
    unsigned group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      out += at + i > bytes.size() ? '=' : kBase64[group >> (18 - 6 * i) & 63];
    }
    line += 4;
  }
  return out;
}

// As PostgreSQL reads it, which takes what follows the padding for padding, too.
Result<std::string> from_base64(std::string_view text) {
  std::string out;
  unsigned group = 0;
  std::size_t held = 0;
  std::size_t kept = 3;  // Bytes of a group that count: fewer once there was padding.
  for (const char c : text) {
    if (is_space(c)) continue;
    const std::size_t digit = c == '=' ? 0 : kBase64.find(c);
    if (c == '=' && kept == 3) {
      if (held < 2) return bad_argument("unexpected \"=\" while decoding base64 sequence", "22023");
      kept = held - 1;
    }
    if (digit == std::string_view::npos) {
      return bad_argument("invalid symbol " + quoted_for_message({&c, 1}) + " found while decoding base64 sequence",
                          "22023");
    }
    group = group << 6 | static_cast<unsigned>(digit);
    if (++held < 4) continue;
    for (std::size_t i = 0; i < kept; ++i) out += static_cast<char>(group >> (16 - 8 * i));
    group = 0;
    held = 0;
  }
  if (held != 0) return bad_argument("invalid base64 end sequence", "22023");
  return out;
}

Error unknown_form(std::string_view form) {
  return bad_argument("unrecognized encoding: " + quoted_for_message(form), "22023")
      .with_hint("there are hex and base64");
}
Result<std::string> encode(std::string_view bytes, std::string_view form) {
  if (bytes.size() > kTextBytesMax / 2) return text_too_long();
  if (equals_ignoring_case(form, "hex")) return to_hex(bytes);
  if (equals_ignoring_case(form, "base64")) return to_base64(bytes);
  return unknown_form(form);
}
Result<std::string> decode(std::string_view text, std::string_view form) {
  if (equals_ignoring_case(form, "hex")) return from_hex(text);
  if (equals_ignoring_case(form, "base64")) return from_base64(text);
  return unknown_form(form);
}

constexpr TypeKind kB = TypeKind::blob;
constexpr TypeKind kT = TypeKind::text;
constexpr TypeKind kI = TypeKind::integer;
constexpr Signature kSignatures[] = {
    signature("length", adapt<byte_count>, size_by_reference<1>, returns<kI>, kB),
    signature("octet_length", adapt<byte_count>, size_by_reference<1>, returns<kI>, kB),
    signature("bit_length", adapt<bit_count>, size_by_reference<8>, returns<kI>, kB),
    signature("bit_length", adapt<bit_count>, returns<kI>, kT),
    signature("substr", adapt<rest_of>, part_by_reference, returns<kB>, kB, kI),
    signature("substring", adapt<rest_of>, part_by_reference, returns<kB>, kB, kI),
    signature("substr", adapt<part_of>, part_by_reference, returns<kB>, kB, kI, kI),
    signature("substring", adapt<part_of>, part_by_reference, returns<kB>, kB, kI, kI),
    signature("md5", adapt<md5>, returns<kT>, kB),
    signature("md5", adapt<md5>, returns<kT>, kT),
    signature("convert_to", adapt<convert_to>, returns<kB>, kT, kT),
    signature("convert_from", adapt<convert_from>, returns<kT>, kB, kT),
    making(made_of_first<2>, signature("encode", adapt<encode>, returns<kT>, kB, kT)),
    making(made_of_first<1>, signature("decode", adapt<decode>, returns<kB>, kT, kT)),
};

}  // namespace

std::span<const Signature> blob_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query

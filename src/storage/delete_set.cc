#include "storage/delete_set.h"

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {
namespace {

constexpr std::string_view kMagic = "MNEMDEL1";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kContainerRows = 65'536;
constexpr std::size_t kContainerWords = kContainerRows / 64;
constexpr std::size_t kFewMax = 4'096;  // u16s up to here are smaller than the bits.
constexpr std::size_t kSpareBytes = 16;

std::vector<DeleteSet::Pair>::const_iterator find_young(const std::vector<DeleteSet::Pair>& young,
                                                        std::uint64_t ordinal) {
  return std::lower_bound(young.begin(), young.end(), ordinal,
                          [](const DeleteSet::Pair& pair, std::uint64_t at) { return pair.ordinal < at; });
}

void clear_bit(std::uint64_t* bits, std::size_t at) noexcept { bits[at / 64] &= ~(std::uint64_t{1} << (at % 64)); }

Error corrupt(const std::string& path, std::size_t offset, std::string_view what) {
  return Error(Code::corrupt, "'" + path + "' at offset " + std::to_string(offset) + ": " + std::string(what));
}

}  // namespace

bool DeleteSet::Container::contains(std::uint16_t low) const noexcept {
  if (!bits.empty()) return (bits[low / 64] >> (low % 64) & 1) != 0;
  return std::binary_search(few.begin(), few.end(), low);
}

void DeleteSet::Container::clear_dead(std::uint64_t first, std::uint64_t end, std::uint64_t* mask) const noexcept {
  const auto low_of = [this](std::uint64_t ordinal) { return ordinal > base() ? ordinal - base() : 0; };
  for (auto low = std::lower_bound(few.begin(), few.end(), low_of(first)); low != few.end() && base() + *low < end;
       ++low) {
    clear_bit(mask, static_cast<std::size_t>(base() + *low - first));
  }
  if (bits.empty()) return;
  const std::uint64_t last = std::min<std::uint64_t>(low_of(end), kContainerRows);
  for (std::uint64_t low = low_of(first); low < last; ++low) {
    const std::uint64_t word = bits[low / 64] >> (low % 64);
    if (word == 0) {
      low |= 63;  // Nothing more in this word.
    } else if ((word & 1) != 0) {
      clear_bit(mask, static_cast<std::size_t>(base() + low - first));
    }
  }
}

bool DeleteSet::Container::insert(std::uint16_t low) {
  if (contains(low)) return false;
  if (bits.empty() && few.size() < kFewMax) {
    few.insert(std::lower_bound(few.begin(), few.end(), low), low);
    return true;
  }
  if (bits.empty()) {
    bits.resize(kContainerWords);
    for (const std::uint16_t each : few) bits[each / 64] |= std::uint64_t{1} << (each % 64);
    few = std::vector<std::uint16_t>();  // Braces alone would keep its room.
  }
  bits[low / 64] |= std::uint64_t{1} << (low % 64);
  return true;
}

std::vector<DeleteSet::Container>::const_iterator DeleteSet::container_from(std::uint64_t high) const noexcept {
  return std::lower_bound(old_.begin(), old_.end(), high,
                          [](const Container& c, std::uint64_t at) { return c.high < at; });
}

bool DeleteSet::add_old(std::uint32_t ordinal) {
  const std::uint32_t high = ordinal / kContainerRows;
  auto at = old_.begin() + (container_from(high) - old_.begin());
  if (at == old_.end() || at->high != high) at = old_.insert(at, Container{high, {}, {}});
  if (!at->insert(static_cast<std::uint16_t>(ordinal % kContainerRows))) return false;
  ++old_count_;
  return true;
}

bool DeleteSet::add(std::uint32_t ordinal, std::uint64_t end) {
  if (end_sequence(ordinal) != kSequenceMax) return false;
  young_.insert(find_young(young_, ordinal), Pair{ordinal, end});
  return true;
}

std::uint64_t DeleteSet::end_sequence(std::uint32_t ordinal) const noexcept {
  const std::uint32_t high = ordinal / kContainerRows;
  const auto old = container_from(high);
  if (old != old_.end() && old->high == high && old->contains(static_cast<std::uint16_t>(ordinal % kContainerRows)))
    return 0;
  const auto found = find_young(young_, ordinal);
  return found != young_.end() && found->ordinal == ordinal ? found->end_sequence : kSequenceMax;
}

bool DeleteSet::is_live(std::uint32_t ordinal, std::uint64_t sequence) const noexcept {
  return empty() || sequence < end_sequence(ordinal);
}

std::size_t DeleteSet::live_mask(std::uint64_t first, std::size_t count, std::uint64_t sequence,
                                 std::uint64_t* bits) const noexcept {
  const std::size_t words = (count + 63) / 64;
  std::fill_n(bits, words, ~std::uint64_t{0});
  if (count % 64 != 0) bits[words - 1] = (std::uint64_t{1} << (count % 64)) - 1;
  if (empty()) return count;
  const std::uint64_t end = first + count;
  for (auto old = container_from(first / kContainerRows); old != old_.end() && old->base() < end; ++old) {
    old->clear_dead(first, end, bits);
  }
  for (auto pair = find_young(young_, first); pair != young_.end() && pair->ordinal < end; ++pair) {
    if (sequence >= pair->end_sequence) clear_bit(bits, static_cast<std::size_t>(pair->ordinal - first));
  }
  std::size_t live = 0;
  for (std::size_t i = 0; i < words; ++i) live += static_cast<std::size_t>(std::popcount(bits[i]));
  return live;
}

void DeleteSet::age(std::uint64_t oldest_snapshot) {
  const auto is_old = [&](const Pair& pair) { return pair.end_sequence <= oldest_snapshot; };
  for (const Pair& pair : young_) {
    if (is_old(pair)) add_old(pair.ordinal);
  }
  std::erase_if(young_, is_old);
}

void DeleteSet::encode(std::uint64_t number, TableId table, ByteBuffer& out) const {
  const std::size_t start = out.size();
  Writer writer(out);
  writer.put_bytes(as_bytes(kMagic));
  writer.put(kVersion);
  writer.put(std::uint16_t{0});  // Cipher.
  writer.put(std::uint32_t{0});  // Incompatible features.
  writer.put(number);
  writer.put(table);
  out.resize(out.size() + kSpareBytes);
  writer.put(static_cast<std::uint32_t>(old_.size()));
  for (const Container& container : old_) {
    writer.put(container.high);
    std::size_t bits = 0;
    for (const std::uint64_t word : container.bits) bits += static_cast<std::size_t>(std::popcount(word));
    writer.put(static_cast<std::uint32_t>(container.few.size() + bits));
    for (const std::uint16_t low : container.few) writer.put(low);
    for (const std::uint64_t word : container.bits) writer.put(word);
  }
  writer.put(static_cast<std::uint32_t>(young_.size()));
  for (const Pair& pair : young_) {
    writer.put(pair.ordinal);
    writer.put(pair.end_sequence);
  }
  writer.put(crc32c(Bytes(out).subspan(start)));
}

namespace {

bool read_container(Reader& reader, std::uint32_t count, std::vector<std::uint16_t>& few,
                    std::vector<std::uint64_t>& bits) {
  if (count == 0 || count > kContainerRows) return false;
  Bytes bytes;
  if (count <= kFewMax) {
    if (!reader.get_bytes(std::size_t{count} * 2, bytes)) return false;
    few.resize(count);
    std::memcpy(few.data(), bytes.data(), bytes.size());
    return std::adjacent_find(few.begin(), few.end(), std::greater_equal<>()) == few.end();
  }
  if (!reader.get_bytes(kContainerWords * 8, bytes)) return false;
  bits.resize(kContainerWords);
  std::memcpy(bits.data(), bytes.data(), bytes.size());
  std::size_t found = 0;
  for (const std::uint64_t word : bits) found += static_cast<std::size_t>(std::popcount(word));
  return found == count;
}

}  // namespace

Result<DeleteSet> DeleteSet::decode(Bytes file, const std::string& path, std::uint64_t number, TableId table) {
  if (file.size() < kMagic.size() + 4 || as_text(file.first(kMagic.size())) != kMagic)
    return corrupt(path, 0, "not a file of deletes");
  const Bytes body = file.first(file.size() - 4);
  if (crc32c(body) != load<std::uint32_t>(body.data() + body.size()))
    return corrupt(path, body.size(), "checksum does not match");
  Reader reader(body.subspan(kMagic.size()));
  const auto bad = [&](std::string_view what) { return corrupt(path, kMagic.size() + reader.position(), what); };
  std::uint16_t version = 0, cipher = 0;
  std::uint32_t features = 0, containers = 0, pairs = 0;
  std::uint64_t found_number = 0;
  TableId found_table{};
  Bytes spare;
  if (!reader.get(version) || !reader.get(cipher) || !reader.get(features) || !reader.get(found_number) ||
      !reader.get(found_table) || !reader.get_bytes(kSpareBytes, spare)) {
    return bad("header is cut");
  }
  if (version != kVersion || cipher != 0 || features != 0)
    return Error(Code::unsupported, "'" + path + "' is of a newer format");
  if (found_number != number || found_table != table) return bad("the deletes are of another segment");
  DeleteSet set;
  if (!reader.get(containers)) return bad("containers are cut");
  for (std::uint32_t i = 0; i < containers; ++i) {
    std::uint32_t high = 0, count = 0;
    if (!reader.get(high) || !reader.get(count) || high >= kContainerRows) return bad("container is cut");
    if (i > 0 && high <= set.old_.back().high) return bad("container out of order");
    set.old_.push_back(Container{high, {}, {}});
    if (!read_container(reader, count, set.old_.back().few, set.old_.back().bits)) return bad("bad container");
    set.old_count_ += count;
  }
  if (!reader.get(pairs) || pairs > reader.remaining() / 12) return bad("pairs are cut");
  set.young_.reserve(pairs);
  for (std::uint32_t i = 0; i < pairs; ++i) {
    Pair pair;
    if (!reader.get(pair.ordinal) || !reader.get(pair.end_sequence)) return bad("pairs are cut");
    if (set.end_sequence(pair.ordinal) != kSequenceMax || (i > 0 && set.young_.back().ordinal >= pair.ordinal))
      return bad("pair out of order");
    set.young_.push_back(pair);
  }
  if (!reader.at_end()) return bad("bytes after the end");
  return set;
}

}  // namespace mneme

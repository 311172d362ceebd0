// Builds ULog files byte by byte, for tests: what the format's specification says, nothing shared with the reader.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace mneme::cli {

template <class... T>
std::string packed(const T&... values) {  // Numbers little-endian, strings as they are.
  std::string out;
  const auto add = [&out](const auto& value) {
    if constexpr (std::is_convertible_v<decltype(value), std::string_view>) {
      out += std::string_view(value);
    } else {
      out.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
  };
  (add(values), ...);
  return out;
}

class UlogBuilder {  // One thread at a time.
 public:
  explicit UlogBuilder(std::uint64_t start_us = 0, std::uint8_t version = 1)
      : bytes_(packed(std::string_view("ULog\x01\x12\x35", 7), version, start_us)) {}

  UlogBuilder& message(char type, const std::string& payload) {
    bytes_ += packed(static_cast<std::uint16_t>(payload.size()), type, payload);
    return *this;
  }
  UlogBuilder& flags(std::uint64_t incompatible, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0) {
    return message('B', packed(std::uint64_t{0}, incompatible, a, b, c));
  }
  UlogBuilder& format(const std::string& text) { return message('F', text); }
  UlogBuilder& subscribe(std::uint16_t id, const std::string& topic, std::uint8_t instance = 0) {
    return message('A', packed(instance, id, topic));
  }
  template <class... T>
  UlogBuilder& data(std::uint16_t id, const T&... values) {
    return message('D', packed(id, values...));
  }
  UlogBuilder& pair(char type, const std::string& key, const std::string& value, const std::string& before = "") {
    return message(type, packed(before, static_cast<std::uint8_t>(key.size()), key, value));
  }
  UlogBuilder& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace mneme::cli

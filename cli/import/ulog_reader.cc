// One pass over the messages, behind the search for the time reference. Rows gather per topic and leave in batches.
#include "import/ulog_reader.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "import/names.h"
#include "import/try.h"
#include "import/ulog_clock.h"
#include "import/ulog_rows.h"
#include "import/ulog_side_tables.h"

namespace mneme::cli {
namespace {

constexpr std::size_t kTotalColumnsMax = 65'536;
constexpr std::size_t kGatheredBytesMax = 32 * 1024 * 1024;  // Of rows that wait for their batch, over all topics.
constexpr std::uint64_t kProgressBytes = 4 * 1024 * 1024;

template <class T>
T load(std::string_view bytes, std::size_t at) noexcept {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

Error corrupt(const UlogMessage& message, const std::string& what) {
  return Error(Code::corrupt, "ULog: " + describe(message) + ": " + what);
}

// A topic with its instance: one table.
struct Topic {
  Topic(std::size_t table_number, ImportTable schema, const UlogLayout& of, std::optional<std::int64_t> utc_offset_us)
      : table(table_number), description(std::move(schema)), layout(of), rows(of, utc_offset_us) {}
  std::size_t table;
  ImportTable description;
  const UlogLayout& layout;
  UlogRows rows;
};

struct Subscription {
  Topic* topic = nullptr;  // Null: its messages are passed over.
  std::string name;
  std::uint8_t instance = 0;
  UlogTimestamps timestamps{UlogType::u64, 0};
  bool removed = false;
};

class Reader {  // One thread at a time.
 public:
  Reader(Input& input, UlogScanner scanner, TableSink& sink, const ImportProgress& progress)
      : input_(input),
        scanner_(std::move(scanner)),
        sink_(sink),
        progress_(progress),
        side_(sink, summary_),
        clock_(scanner_.start_us()) {}
  Result<UlogSummary> read();

 private:
  Subscription* find(std::uint16_t id) noexcept {
    return id < subscriptions_.size() ? subscriptions_[id].get() : nullptr;
  }
  Result<void> take(const UlogMessage& message);
  Result<void> subscribe(const UlogMessage& message);
  Result<void> unsubscribe(const UlogMessage& message);
  Result<void> data(const UlogMessage& message);
  Result<Topic*> topic_of(const UlogMessage& message, const std::string& name, std::uint8_t instance);
  Result<const UlogLayout*> layout_of(const UlogMessage& message, const std::string& name);
  std::string table_name(const std::string& topic, std::uint8_t instance);
  Result<void> deliver(Topic& topic);
  Result<void> deliver_all();
  Result<void> finish();

  Input& input_;
  UlogScanner scanner_;
  TableSink& sink_;
  const ImportProgress& progress_;
  UlogSummary summary_;
  UlogSideTables side_;
  UlogFormats formats_;
  std::map<std::string, std::optional<UlogLayout>> layouts_;  // Nothing: the topic is too wide.
  std::map<std::pair<std::string, std::uint8_t>, std::unique_ptr<Topic>> topics_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;  // By message id, of 16 bits; null: none.
  std::set<std::string> taken_names_{UlogSideTables::kNames.begin(), UlogSideTables::kNames.end()};
  LogClock clock_;
  std::size_t columns_ = 0;
  std::size_t gathered_bytes_ = 0;
  std::uint64_t values_refused_ = 0;
  std::map<char, std::uint64_t> unknown_;  // Messages passed over, by type.
};

// Not `<topic>_<n>` if the log has a topic of that very name. Formats stand before subscriptions in a log, so that a
// name does not depend on the order of subscriptions.
std::string Reader::table_name(const std::string& topic, std::uint8_t instance) {
  const std::string base = column_name(topic);
  if (instance == 0) return free_name(base, taken_names_);
  std::string between = "_";
  while (formats_.has(base + between + std::to_string(instance))) between += "_";
  return free_name(base + between + std::to_string(instance), taken_names_);
}

Result<const UlogLayout*> Reader::layout_of(const UlogMessage& message, const std::string& name) {
  auto found = layouts_.find(name);
  if (found == layouts_.end()) {
    Result<UlogLayout> layout = formats_.layout(name);
    if (!layout && layout.error().code() != Code::unsupported) {
      return std::move(layout).error().during(describe(message));
    }
    if (!layout) summary_.warnings.push_back(layout.error().message() + ", more than a table can have: passed over");
    found = layouts_.emplace(name, layout ? std::optional(*std::move(layout)) : std::nullopt).first;
  }
  return static_cast<const UlogLayout*>(found->second ? &*found->second : nullptr);
}

Result<Topic*> Reader::topic_of(const UlogMessage& message, const std::string& name, std::uint8_t instance) {
  const std::pair key(name, instance);
  if (const auto found = topics_.find(key); found != topics_.end()) return found->second.get();
  const UlogLayout* layout = TRY(layout_of(message, name));
  if (layout == nullptr) return static_cast<Topic*>(nullptr);
  ImportTable table = ulog_table(*layout, table_name(name, instance));
  columns_ += table.columns.size();
  if (columns_ > kTotalColumnsMax) {
    return Error(Code::unsupported, "ULog: " + describe(message) + ": more than 65,536 columns in all");
  }
  const std::size_t number = TRY(sink_.begin_table(table));
  ++summary_.tables;
  auto topic = std::make_unique<Topic>(number, std::move(table), *layout, summary_.utc_offset_us);
  return topics_.emplace(key, std::move(topic)).first->second.get();
}

Result<void> Reader::subscribe(const UlogMessage& message) {
  side_.end_definitions();
  if (message.payload.size() < 4) return corrupt(message, "a subscription without a name");
  const auto instance = load<std::uint8_t>(message.payload, 0);
  const auto id = load<std::uint16_t>(message.payload, 1);
  const std::string name(message.payload.substr(3));
  if (const Subscription* first = find(id)) {
    if (first->name == name && first->instance == instance && !first->removed) return {};
    return corrupt(message, "message id " + std::to_string(id) + " is taken by '" + first->name + "'");
  }
  if (!formats_.has(name)) return corrupt(message, "no format defines the topic '" + name.substr(0, 80) + "'");
  auto subscription = std::make_unique<Subscription>();
  subscription->topic = TRY(topic_of(message, name, instance));
  subscription->name = name;
  subscription->instance = instance;
  if (subscription->topic != nullptr) {
    const UlogLayout& layout = subscription->topic->layout;
    subscription->timestamps = UlogTimestamps(layout.timestamp_type, layout.timestamp_offset);
  }
  if (subscriptions_.size() <= id) subscriptions_.resize(std::size_t{id} + 1);
  subscriptions_[id] = std::move(subscription);
  return {};
}

Result<void> Reader::unsubscribe(const UlogMessage& message) {
  if (message.payload.size() < 2) return corrupt(message, "2 bytes needed");
  Subscription* subscription = find(load<std::uint16_t>(message.payload, 0));
  if (subscription == nullptr) return corrupt(message, "ends a subscription that was never made");
  subscription->removed = true;
  return {};
}

Result<void> Reader::data(const UlogMessage& message) {
  if (message.payload.size() < 2) return corrupt(message, "2 bytes needed");
  const auto id = load<std::uint16_t>(message.payload, 0);
  Subscription* found = find(id);
  if (found == nullptr) return corrupt(message, "message id " + std::to_string(id) + " was never subscribed");
  Subscription& subscription = *found;
  if (subscription.removed) return corrupt(message, "'" + subscription.name + "' was unsubscribed before");
  if (subscription.topic == nullptr) return {};
  Topic& topic = *subscription.topic;
  const std::string_view data = message.payload.substr(2);
  if (data.size() < topic.layout.bytes_min || data.size() > topic.layout.bytes_max) {
    return corrupt(message, "'" + subscription.name + "' has " + std::to_string(topic.layout.bytes_min) + " to " +
                                std::to_string(topic.layout.bytes_max) + " bytes, here are " +
                                std::to_string(data.size()));
  }
  const std::uint64_t t_us = subscription.timestamps.read(data, clock_.now_us());
  if (t_us >> 63 != 0) return corrupt(message, "the timestamp is beyond 2^63 microseconds");
  clock_.see(t_us);
  const std::size_t before = topic.rows.bytes();
  topic.rows.add(static_cast<std::int64_t>(t_us), data);
  gathered_bytes_ += topic.rows.bytes() - before;
  if (topic.rows.full()) return deliver(topic);
  return gathered_bytes_ > kGatheredBytesMax ? deliver_all() : Result<void>();
}

Result<void> Reader::deliver(Topic& topic) {
  if (topic.rows.empty()) return {};
  gathered_bytes_ -= topic.rows.bytes();
  TableBatch batch(topic.description);
  values_refused_ += topic.rows.take(batch);
  summary_.rows += batch.rows();
  return sink_.append(topic.table, batch);
}

Result<void> Reader::deliver_all() {
  for (auto& [key, topic] : topics_) TRY(deliver(*topic));
  return {};
}

Result<void> Reader::take(const UlogMessage& message) {
  switch (message.type) {
    case 'D': return data(message);
    case 'F': {
      Result<void> added = formats_.add(message.payload);
      if (!added) return std::move(added).error().during(describe(message));
      return {};
    }
    case 'A': return subscribe(message);
    case 'R': return unsubscribe(message);
    case 'S': return {};
    case 'B': return corrupt(message, "flag bits anywhere but at the beginning");
    default: break;
  }
  if (TRY(side_.take(message, clock_.now_us()))) return {};
  ++unknown_[message.type];
  return {};
}

Result<void> Reader::finish() {
  TRY(deliver_all());
  TRY(side_.finish());
  const auto& found = scanner_.warnings();
  summary_.warnings.insert(summary_.warnings.end(), found.begin(), found.end());
  for (const auto& [type, count] : unknown_) {
    summary_.warnings.push_back(std::to_string(count) + " messages of the unknown type '" + std::string(1, type) +
                                "' were passed over");
  }
  if (values_refused_ > 0) {
    summary_.warnings.push_back(std::to_string(values_refused_) + " uint64 values above 2^63-1 became NULL");
  }
  return {};
}

Result<UlogSummary> Reader::read() {
  summary_.utc_offset_us = TRY(find_utc_offset_us(input_));
  TRY(side_.begin());
  std::uint64_t reported = 0;
  while (const std::optional<UlogMessage> message = TRY(scanner_.next())) {
    ++summary_.messages;
    TRY(take(*message));
    if (progress_ && message->offset - reported >= kProgressBytes) {
      reported = message->offset;
      progress_(reported, input_.size());
    }
  }
  TRY(finish());
  summary_.bytes = input_.size();
  if (progress_) progress_(input_.size(), input_.size());
  return std::move(summary_);
}

}  // namespace

Result<UlogSummary> read_ulog(Input& input, TableSink& sink, const ImportProgress& progress) {
  UlogScanner scanner = TRY(UlogScanner::open(input));
  const auto reader = std::make_unique<Reader>(input, std::move(scanner), sink, progress);
  return reader->read();
}

}  // namespace mneme::cli

// Boost.Fiber's channels between threads with one fiber each: unbuffered_channel for capacity 0,
// otherwise buffered_channel, whose size must be a power of 2 and which holds one item less than
// its size. The scenarios are those of ../c/scenarios.c.

#include <boost/fiber/all.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

using buffered = boost::fibers::buffered_channel<std::uint64_t>;
using unbuffered = boost::fibers::unbuffered_channel<std::uint64_t>;

constexpr std::uint64_t kSides = 4;  // threads on each side of mpmc

[[noreturn]] void fail(int status, const char *message) {
  std::fprintf(stderr, "%s\n", message);
  std::exit(status);
}

template <typename Channel>
void put_all(Channel &channel, std::uint64_t items) {
  for (std::uint64_t item = 1; item <= items; item++) {
    channel.push(item);
  }
}

template <typename Channel>
std::uint64_t get_all(Channel &channel, std::uint64_t items) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < items; i++) {
    sum += channel.value_pop();
  }
  return sum;
}

template <typename Channel>
std::uint64_t stream(Channel &channel, std::uint64_t items) {
  std::thread producer([&] { put_all(channel, items); });
  std::uint64_t sum = get_all(channel, items);
  producer.join();
  return sum;
}

template <typename Channel>
std::uint64_t pingpong(Channel &there, Channel &back, std::uint64_t items) {
  std::uint64_t sum = 0;
  std::thread other([&] {
    for (std::uint64_t i = 0; i < items; i++) {
      back.push(there.value_pop());
    }
  });
  for (std::uint64_t item = 1; item <= items; item++) {
    there.push(item);
    sum += back.value_pop();
  }
  other.join();
  return sum;
}

template <typename Channel>
std::uint64_t mpmc(Channel &channel, std::uint64_t share) {
  std::vector<std::thread> threads;
  std::vector<std::uint64_t> sums(kSides);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < kSides; i++) {
    threads.emplace_back([&channel, share] { put_all(channel, share); });
    threads.emplace_back([&channel, &sums, i, share] { sums[i] = get_all(channel, share); });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  for (std::uint64_t part : sums) {
    sum += part;
  }
  return sum;
}

template <typename Channel>
std::uint64_t run(const char *scenario, Channel &one, Channel &other, std::uint64_t items) {
  if (std::strcmp(scenario, "stream") == 0) {
    return stream(one, items);
  }
  if (std::strcmp(scenario, "pingpong") == 0) {
    return pingpong(one, other, items);
  }
  if (std::strcmp(scenario, "mpmc") == 0) {
    return mpmc(one, items / kSides);
  }
  fail(3, "unsupported scenario");
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    fail(2, "usage: SCENARIO NUMBER ITEMS");
  }
  std::size_t number = std::strtoull(argv[2], nullptr, 10);
  std::uint64_t share = std::strtoull(argv[3], nullptr, 10) / kSides + 1;
  std::uint64_t items = share * kSides;
  std::uint64_t expected = std::strcmp(argv[1], "mpmc") == 0 ? kSides * (share * (share + 1) / 2)
                                                             : items * (items + 1) / 2;
  std::uint64_t sum;
  auto start = std::chrono::steady_clock::now();
  if (number == 0) {
    unbuffered one, other;
    sum = run(argv[1], one, other, items);
  } else {
    std::size_t size = number == 1 ? 2 : number;
    buffered one(size), other(size);
    sum = run(argv[1], one, other, items);
  }
  std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  if (sum != expected) {
    fail(1, "items were lost or duplicated");
  }
  std::printf("%.3f\n", elapsed.count() / static_cast<double>(items));
  return 0;
}

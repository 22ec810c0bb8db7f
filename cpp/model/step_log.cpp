#include "model/step_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <system_error>

#include "base/status.h"

namespace nrw {

namespace {

constexpr char kHeader[] =
    "step,epoch,chunk,batch,rows,loss,learning_rate,grad_norm,samples_per_second,wait_ms,step_ms,elapsed_s\n";

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Like printf's %.9g, which gives every float back bit by bit, but the same in every locale.
void number(std::string& text, double value, int digits, char after) {
  char buffer[48];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, digits).ptr;
  text.append(buffer, end);
  text.push_back(after);
}

void fixed(std::string& text, double value, int decimals, char after) {
  char buffer[400];  // the largest double has 309 digits
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals).ptr;
  text.append(buffer, end);
  text.push_back(after);
}

void whole(std::string& text, uint64_t value, char after) {
  text.append(std::to_string(value));
  text.push_back(after);
}

}  // namespace

StepLog::~StepLog() {
  try {
    close();
  } catch (...) {  // nobody is left to be told; who wants to know calls close
  }
}

void StepLog::fail(const char* action, int error) const {
  throw Error(NRW_IO,
              format("%s: cannot %s (%s)", path_.c_str(), action, std::system_category().message(error).c_str()));
}

void StepLog::open(const std::string& path, uint64_t after_step, uint32_t every_steps, double elapsed_s) {
  close();
  path_ = path;
  after_step_ = after_step;
  every_steps_ = every_steps;
  elapsed_s_ = elapsed_s;
  opened_ = flushed_ = std::chrono::steady_clock::now();
  file_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail("open", errno);
  try {
    mend_end();
    flush();
  } catch (...) {
    pending_.clear();
    ::close(file_);
    file_ = -1;
    throw;
  }
}

void StepLog::mend_end() {
  struct stat status;
  if (::fstat(file_, &status) != 0) fail("read", errno);
  off_t size = S_ISREG(status.st_mode) ? status.st_size : 0;
  const off_t before = size;
  char last = '\n';
  for (; size > 0; --size) {
    if (::pread(file_, &last, 1, size - 1) != 1) fail("read", errno);
    if (last == '\n') break;
  }
  if (size != before && ::ftruncate(file_, size) != 0) fail("cut the torn last row of", errno);
  if (size == 0) pending_ = kHeader;
}

void StepLog::format_row(const StepRow& row, double elapsed_s) {
  const double seconds = (row.wait_ms + row.step_ms) / 1e3;
  whole(pending_, row.step, ',');
  number(pending_, row.epoch, 15, ',');
  number(pending_, row.chunk, 15, ',');
  whole(pending_, row.batch, ',');
  whole(pending_, row.rows, ',');
  number(pending_, row.loss, 9, ',');
  number(pending_, row.learning_rate, 9, ',');
  number(pending_, row.gradient_norm, 9, ',');
  fixed(pending_, seconds > 0 ? row.rows / seconds : 0, 1, ',');
  fixed(pending_, row.wait_ms, 3, ',');
  fixed(pending_, row.step_ms, 3, ',');
  fixed(pending_, elapsed_s, 3, '\n');
}

void StepLog::append(const StepRow& row) {
  if (file_ < 0 || row.step <= after_step_) return;
  if (row.step == 1 || row.step % every_steps_ == 0) format_row(row, elapsed_s_ + seconds_since(opened_));
  if (!pending_.empty() && seconds_since(flushed_) >= 1) flush();
}

void StepLog::end_call() {
  if (file_ < 0) return;
  flush();
}

// What a failed flush did write is taken back, and its rows are kept for the next.
void StepLog::flush() {
  flushed_ = std::chrono::steady_clock::now();
  if (pending_.empty()) return;
  struct stat before;
  if (::fstat(file_, &before) != 0) fail("read", errno);
  size_t done = 0;
  while (done < pending_.size()) {
    const ssize_t wrote = ::write(file_, pending_.data() + done, pending_.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      const int error = wrote < 0 ? errno : EIO;
      if (done != 0 && ::ftruncate(file_, before.st_size) != 0) pending_.erase(0, done);
      fail("write", error);
    }
    done += static_cast<size_t>(wrote);
  }
  pending_.clear();
}

void StepLog::sync() {
  if (file_ < 0) return;
  flush();
  if (::fsync(file_) != 0 && errno != EINVAL && errno != ENOTSUP) fail("fsync", errno);
}

void StepLog::close() {
  if (file_ < 0) return;
  const int file = file_;
  try {
    end_call();
  } catch (...) {
    file_ = -1;
    pending_.clear();
    ::close(file);
    throw;
  }
  file_ = -1;
  if (::close(file) != 0) fail("close", errno);
}

}  // namespace nrw

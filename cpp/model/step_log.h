// steps.csv: one row per step, appended. Rows are kept until a flush, which is one write, so a reader sees complete
// rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace nrw {

struct StepRow {
  uint64_t step = 0;
  double epoch = 0, chunk = 0;
  uint64_t batch = 0;
  uint32_t rows = 0;
  double loss = 0, learning_rate = 0, gradient_norm = 0;
  double wait_ms = 0, step_ms = 0;
};

class StepLog {
 public:
  StepLog() = default;
  ~StepLog();
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;

  // Appends to `path`: the header first if it is empty. A last row without its line end, which a killed process left,
  // is removed. Rows up to after_step are not written; of later ones only step 1 and multiples of every_steps are:
  // the same rows however many calls make a run. Throws NRW_IO, as all functions here do.
  void open(const std::string& path, uint64_t after_step, uint32_t every_steps, double elapsed_s);
  bool is_open() const noexcept { return file_ >= 0; }

  // Writes what is due once a second.
  void append(const StepRow& row);
  // Writes what is due now.
  void end_call();
  void sync();  // flush and fsync
  void close();

 private:
  void format_row(const StepRow& row, double elapsed_s);
  void flush();
  void mend_end();
  [[noreturn]] void fail(const char* action, int error) const;

  int file_ = -1;
  std::string path_, pending_;
  uint64_t after_step_ = 0;
  uint32_t every_steps_ = 1;
  double elapsed_s_ = 0;
  std::chrono::steady_clock::time_point opened_, flushed_;
};

}  // namespace nrw

// Every loss as text, for tests of networks.
#pragma once

#include <string>
#include <vector>

#include "losses/loss_type.h"

namespace nrw::check {

// A loss with settings that suit rows of 12 values and slopes by differences, and an image where it needs one.
inline std::string loss_text(const LossType& type, const char* image) {
  const std::string name = type.name;
  const std::string more = name == "spectral" ? ", \"fft_sizes\": [8, 4], \"floor\": 0.5, \"log_share\": 0"
                           : name == "ssim"   ? ", \"window\": 3"
                                              : "";
  return "\"loss\": {\"kind\": \"" + name + "\"" + more + "}" +
         (name == "ssim" ? std::string(", \"shape\": ") + image : "");
}

// Every loss as it is, and what shapes its outputs or is of whole rows.
inline std::vector<std::string> losses_for(const char* image) {
  std::vector<std::string> all;
  for (const LossType* type : loss_types()) all.push_back(loss_text(*type, image));
  for (const char* kind : {"negative_binomial", "zero_inflated_negative_binomial"}) {
    const std::string start = std::string("\"loss\": {\"kind\": \"") + kind + "\", ";
    const std::string shares = "\"link\": \"softmax\", \"size\": \"library\", \"size_scale\": 1";
    all.push_back(start + "\"dispersion\": \"output\"}");
    all.push_back(start + "\"dispersion\": \"output\", \"clamp\": \"dca\", \"size\": \"library\", \"size_scale\": 9}");
    all.push_back(start + shares + "}");
    all.push_back(start + shares + ", \"dispersion\": \"output\"}");
  }
  return all;
}

}  // namespace nrw::check

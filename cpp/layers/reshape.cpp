#include "layers/reshape.h"

#include "base/status.h"
#include "layers/reordered.h"

namespace nrw {

namespace {

constexpr Field shape_field(const char* about) {
  return {.name = "shape",
          .type = Field::Type::kSize,
          .about = about,
          .minimum = 1,
          .maximum = 16777216,
          .value = true,
          .example = "[16, 64]"};
}

constexpr Field kUnflattened[] = {shape_field("shape of the rows after it, channels first")};
constexpr Field kReshaped[] = {shape_field("shape of the rows after it, channels first; a number is a flat row")};

Shape flattened(const Settings&, const Shape& input) { return Shape::flat(static_cast<uint32_t>(input.size())); }

Shape reshaped(const Settings& settings, const Shape& input) {
  const Shape output = settings.shape("shape");
  settings.require(output.size() == input.size(), "shape",
                   format("%s has %llu values, but the rows before it have %llu (%s)", output.text().c_str(),
                          static_cast<unsigned long long>(output.size()), static_cast<unsigned long long>(input.size()),
                          input.text().c_str()));
  return output;
}

Shape unflattened(const Settings& settings, const Shape& input) {
  settings.require(input.dimensions == 1, "shape",
                   "the rows before it must be flat, got " + input.text() + "; use reshape for rows with a shape");
  return reshaped(settings, input);
}

size_t workspace(const Settings&, const Shape& input, const Shape& output, uint32_t rows, unsigned) {
  return Reordered::workspace(input, output, rows, false);
}

std::unique_ptr<Layer> make(const LayerContext& context) {
  return std::make_unique<Reordered>(nullptr, context.products, context.input, context.output);
}

}  // namespace

const LayerType flatten_type = {
    "flatten", "makes a flat row of a signal or an image, channels first", {}, flattened, no_tensors, workspace, make};
const LayerType unflatten_type = {"unflatten",  "makes a signal or an image of a flat row, channels first",
                                  kUnflattened, unflattened,
                                  no_tensors,   workspace,
                                  make};
const LayerType reshape_type = {"reshape",  "gives a row another shape of as many values, channels first",
                                kReshaped,  reshaped,
                                no_tensors, workspace,
                                make};

}  // namespace nrw

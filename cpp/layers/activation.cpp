#include "layers/activation.h"

namespace nrw {

namespace {

constexpr Field kSlope[] = {{.name = "slope",
                             .type = Field::Type::kNumber,
                             .about = "slope for values below 0",
                             .fallback = "0.01",
                             .minimum = 0,
                             .maximum = 1,
                             .value = true,
                             .example = "0.01"}};
constexpr Field kAlpha[] = {{.name = "alpha",
                             .type = Field::Type::kNumber,
                             .about = "what values far below 0 come near, with the sign turned round",
                             .fallback = "1",
                             .minimum = 0,
                             .maximum = 100,
                             .above = true,
                             .value = true,
                             .example = "1"}};

template <Activation kind>
std::unique_ptr<Layer> make(const LayerContext& context) {
  const Settings& settings = context.settings;
  const double p = settings.has("slope")   ? settings.number("slope")
                   : settings.has("alpha") ? settings.number("alpha")
                                           : 0;
  return std::make_unique<ActivationLayer>(context.products, context.output.size(), kind, static_cast<float>(p));
}

template <Activation kind>
constexpr LayerType type(const char* name, const char* about, const char* torch, const char* onnx,
                         std::span<const Field> fields = {}, const char* bounds = nullptr) {
  return {.name = name,
          .about = about,
          .fields = fields,
          .output = same_shape,
          .tensors = no_tensors,
          .workspace = no_workspace,
          .make = make<kind>,
          .torch = torch,
          .onnx = onnx,
          .bounds = bounds};
}

}  // namespace

const LayerType relu_type = type<Activation::kRelu>("relu", "x where it is above 0, else 0", "nn.ReLU()", "Relu(x)");
const LayerType leaky_relu_type =
    type<Activation::kLeakyRelu>("leaky_relu", "x where it is above 0, else x times a slope", "nn.LeakyReLU({slope})",
                                 "LeakyRelu(x; alpha={slope})", kSlope);
const LayerType elu_type = type<Activation::kElu>("elu", "x where it is above 0, else alpha (exp(x) - 1)",
                                                  "nn.ELU({alpha})", "Elu(x; alpha={alpha})", kAlpha);
const LayerType gelu_type =
    type<Activation::kGelu>("gelu", "x times the normal distribution function of x, exact, with erf", "nn.GELU()",
                            "Mul(Mul(x, 0.5), Add(Erf(Mul(x, 0.7071067811865476)), 1))");
const LayerType silu_type =
    type<Activation::kSilu>("silu", "x times the sigmoid of x", "nn.SiLU()", "Mul(x, Sigmoid(x))");
const LayerType tanh_type =
    type<Activation::kTanh>("tanh", "the hyperbolic tangent of x", "nn.Tanh()", "Tanh(x)", {}, "[-1, 1]");
const LayerType sigmoid_type =
    type<Activation::kSigmoid>("sigmoid", "1 / (1 + exp(-x))", "nn.Sigmoid()", "Sigmoid(x)", {}, "[0, 1]");

}  // namespace nrw

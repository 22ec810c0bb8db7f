// Log-likelihoods and deviances explained against SciPy: tests/golden/make_likelihoods.py says what likelihoods.json
// holds.
#include "golden_json.h"
#include "make_loss.h"

using namespace nrw;
using namespace nrw::check;

TEST(losses_that_are_likelihoods_agree_with_scipy) {
  size_t cases = 0;
  for (const Json& given : golden_cases("likelihoods.json").items) {
    const std::string name = given.find("loss")->write();
    const auto rows = static_cast<size_t>(given.find("rows")->number);
    const auto columns = static_cast<uint32_t>(given.find("columns")->number);
    const MadeLoss loss(name, Shape::flat(columns));
    CHECK(loss.spec.type->likelihood);
    const std::vector<float> y = numbers(*given.find("y")), o = numbers(*given.find("o"));
    const std::vector<float> log_theta = numbers(*given.find("log_theta"));
    for (Parameter* parameter : loss->parameters()) {
      std::copy(log_theta.begin(), log_theta.end(), parameter->value.begin());
    }
    double found = 0, means = 0;
    FitTerms fit;
    for (uint32_t column = 0; column < columns; ++column) {
      const size_t heads = rows * loss->heads();
      const std::vector<float> outputs(o.data() + column * heads, o.data() + (column + 1) * heads);
      const std::vector<float> values(y.data() + column * rows, y.data() + (column + 1) * rows);
      double sum = 0;
      for (const float value : values) sum += double(value);
      found += column_of(*loss.loss, outputs, {}, values, true, 1, column).sums.value;
      means += loss->mean_loss(column, static_cast<double>(rows), sum);
      const FitTerms one = loss->fit_terms(column, rows, values.data());
      fit.perfect += one.perfect;
      fit.constant += one.constant;
    }
    const double likelihood = given.find("log_likelihood")->number;
    CHECK_CLOSE(-found, likelihood, 1e-6 * std::fabs(likelihood));
    CHECK_CLOSE(1 - (found - fit.perfect) / (means + fit.constant - fit.perfect),
                given.find("deviance_explained")->number, 2e-6);
    ++cases;
  }
  size_t likelihoods = 0;
  for (const LossType* type : loss_types()) likelihoods += type->likelihood;
  CHECK(cases == likelihoods && cases > 0);
}

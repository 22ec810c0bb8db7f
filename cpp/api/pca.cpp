// nrw_pca_*: see narrows.h.
#include <memory>

#include "api/guard.h"
#include "api/handles.h"
#include "model/pca.h"

using namespace nrw;
using namespace nrw::api;

struct nrw_pca {
  Pca pca;
  std::atomic<bool> busy{false};
};

namespace {

template <class Body>
int32_t with_pca(nrw_pca* handle, nrw_error* err, Body&& body) noexcept {
  return guarded(err, [&] {
    require(handle != nullptr, "pca: is null");
    const Busy busy(handle->busy);
    body(*handle);
  });
}

}  // namespace

extern "C" {

int32_t nrw_pca_create(uint32_t columns, uint32_t components, uint32_t more, uint64_t seed, uint32_t threads,
                       nrw_pca** out, nrw_error* err) noexcept {
  return guarded(err, [&] {
    require(out != nullptr, "out: is null");
    *out = nullptr;
    require(components >= 1, "components: must be at least 1");
    require(threads >= 1, "threads: must be at least 1");
    require(uint64_t{components} + more <= columns, "more: components and more are more than the columns");
    *out = new nrw_pca{Pca(columns, components, more, seed, threads)};
  });
}

int32_t nrw_pca_add(nrw_pca* pca, nrw_batches* batches, nrw_error* err) noexcept {
  return with_pca(pca, err, [&](nrw_pca& p) {
    require(batches != nullptr, "batches: is null");
    const Busy busy(batches->busy);
    while (const Batch* const batch = batches->source().next()) p.pca.add(*batch);
  });
}

int32_t nrw_pca_next_pass(nrw_pca* pca, nrw_error* err) noexcept {
  return with_pca(pca, err, [](nrw_pca& p) { p.pca.next_pass(); });
}

int32_t nrw_pca_result(nrw_pca* pca, float* mean, float* components, double* variances, double* sizes,
                       nrw_error* err) noexcept {
  return with_pca(pca, err, [&](nrw_pca& p) {
    require(mean != nullptr && components != nullptr && variances != nullptr && sizes != nullptr,
            "mean, components, variances or sizes: is null");
    p.pca.result(mean, components, variances);
    sizes[0] = p.pca.mean_absolute();
    sizes[1] = p.pca.mean_square();
  });
}

int32_t nrw_pca_close(nrw_pca* pca, nrw_error* err) noexcept {
  return guarded(err, [&] {
    if (pca == nullptr) return;
    Busy::take_for_ever(pca->busy);
    delete pca;
  });
}

}  // extern "C"

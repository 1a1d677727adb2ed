// A device that is no device: memory of a kind of its own, computed with by the CPU. What CUDA refuses it refuses too
// (tensors of the CPU among its own, numpy, whole numbers where it has no kernels for them), and it counts what would keep the CPU waiting for a GPU.

#include <map>
#include <mutex>
#include <set>
#include <string>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/native/Resize.h>
#include <ATen/native/TensorShape.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/core/impl/alloc_cpu.h>
#include <torch/extension.h>

namespace {

using at::Tensor;
using c10::SymIntArrayRef;
using MaybeTensor = std::optional<Tensor>;

constexpr auto KIND = c10::DeviceType::PrivateUse1;
const c10::Device HERE(KIND, 0);

// --- waiting ---------------------------------------------------------------------------------------------------------

std::mutex waiting;
std::map<std::string, int64_t> waits;
thread_local bool inside = false;

// What the twin does within an operator is its own affair.
struct Inside {
  bool before = std::exchange(inside, true);
  ~Inside() { inside = before; }
};

void waited(const std::string& what) {
  if (inside) return;
  std::lock_guard<std::mutex> lock(waiting);
  ++waits[what];
}

// --- memory ----------------------------------------------------------------------------------------------------------

struct Memory final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    void* found = bytes ? c10::alloc_cpu(bytes) : nullptr;
    return {found, found, &c10::free_cpu, HERE};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &c10::free_cpu; }
  void copy_data(void* to, const void* from, std::size_t count) const final { default_copy_data(to, from, count); }
};
Memory memory;
REGISTER_ALLOCATOR(KIND, &memory);

// Memory of the CPU that a device reaches by itself.
struct Pinned final : c10::Allocator {
  static inline std::mutex lock;
  static inline std::set<const void*> known;
  static void drop(void* found) {
    std::lock_guard<std::mutex> guard(lock);
    known.erase(found);
    c10::free_cpu(found);
  }
  c10::DataPtr allocate(size_t bytes) override {
    void* found = c10::alloc_cpu(std::max<size_t>(bytes, 1));
    std::lock_guard<std::mutex> guard(lock);
    known.insert(found);
    return {found, found, &drop, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &drop; }
  void copy_data(void* to, const void* from, std::size_t count) const final { default_copy_data(to, from, count); }
};
Pinned pinned;

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return KIND; }
  c10::Device exchangeDevice(c10::Device) const override { return HERE; }
  c10::Device getDevice() const override { return HERE; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, HERE); }
  c10::Stream getDefaultStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, HERE); }
  c10::Stream exchangeStream(c10::Stream) const override { return c10::Stream(c10::Stream::DEFAULT, HERE); }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
  void synchronizeEvent(void*) const override {}
  void synchronizeDevice(const c10::DeviceIndex) const override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  void init() const override {}
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  void setCurrentDevice(c10::DeviceIndex) const override {}
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex) const override { return 0; }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex) const override { return 0; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override { return at::detail::getDefaultCPUGenerator(); }
  at::Generator getNewGenerator(c10::DeviceIndex) const override { return at::detail::createCPUGenerator(); }
  c10::Device getDeviceFromPtr(void*) const override { return HERE; }
  c10::Allocator* getPinnedMemoryAllocator() const override { return &pinned; }
  bool isPinnedPtr(const void* found) const override {
    std::lock_guard<std::mutex> guard(Pinned::lock);
    return Pinned::known.count(found) > 0;
  }
  void resizePrivateUse1Bytes(const c10::Storage& storage, size_t bytes) const override {
    auto found = memory.allocate(bytes);
    std::memcpy(found.get(), storage.data(), std::min(bytes, storage.nbytes()));
    storage.set_data_ptr_noswap(std::move(found));
    storage.unsafeGetStorageImpl()->set_nbytes(bytes);
  }
};
Hooks hooks;

// --- operators -------------------------------------------------------------------------------------------------------

[[noreturn]] void mixed(const std::string& name) {
  TORCH_CHECK(false, "Expected all tensors to be on the same device, but ", name, " found some on twin:0 and others on cpu");
}

bool foreign(const Tensor& x) { return x.defined() && x.device().type() != KIND; }

void require_own(const char* name, std::initializer_list<MaybeTensor> found) {
  for (const auto& x : found)
    if (x && foreign(*x)) mixed(name);
}

// The same memory as a tensor of the CPU.
Tensor bared(const Tensor& x) {
  if (!x.defined() || x.device().is_cpu()) return x;
  auto options = x.options().device(at::kCPU);
  if (!x.numel()) return at::empty_strided(x.sizes(), x.strides(), options);
  auto whole = static_cast<int64_t>(x.storage().nbytes() / x.element_size());
  return at::from_blob(const_cast<void*>(x.storage().data()), {whole}, options)
      .as_strided(x.sizes(), x.strides(), x.storage_offset());
}
MaybeTensor bared(const MaybeTensor& x) { return x && x->defined() ? MaybeTensor(bared(*x)) : std::nullopt; }
Tensor back(const Tensor& x) { return x.defined() ? x.to(HERE) : x; }

Tensor empty(SymIntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
             std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(size), &memory,
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::dtype_or_default(dtype), format);
}

Tensor empty_strided(SymIntArrayRef size, SymIntArrayRef stride, std::optional<at::ScalarType> dtype,
                     std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride), &memory,
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), c10::dtype_or_default(dtype));
}

// To the CPU one waits, unless the device writes to pinned memory by itself; from the CPU, unless nobody asked to.
Tensor copy_from(const Tensor& from, const Tensor& to, bool non_blocking) {
  if (to.device().is_cpu() && !(non_blocking && hooks.isPinnedPtr(to.storage().data()))) waited("copy to the CPU");
  if (from.device().is_cpu() && !non_blocking) waited("copy from the CPU");
  bared(to).copy_(bared(from));
  return to;
}

Tensor copy_from_and_resize(const Tensor& from, const Tensor& to) {
  at::native::resize_(to, from.sizes());
  bared(to).copy_(bared(from));
  return to;
}

at::Scalar local_scalar(const Tensor& x) {
  waited("item");
  return at::_local_scalar_dense(bared(x));
}

Tensor& set_storage(Tensor& self, at::Storage source, c10::SymInt offset, SymIntArrayRef size, SymIntArrayRef stride) {
  return at::native::set_storage_cpu_(self, source, offset.expect_int(), C10_AS_INTARRAYREF_SLOW(size),
                                      C10_AS_INTARRAYREF_SLOW(stride));
}

const Tensor& resize(const Tensor& self, SymIntArrayRef size, std::optional<at::MemoryFormat> format) {
  auto wanted = C10_AS_INTARRAYREF_SLOW(size);
  auto bytes = (c10::multiply_integers(wanted) + self.storage_offset()) * self.element_size();
  if (bytes > static_cast<int64_t>(self.storage().nbytes())) hooks.resizePrivateUse1Bytes(self.storage(), bytes);
  self.unsafeGetTensorImpl()->set_sizes_contiguous(wanted);
  if (format && *format != at::MemoryFormat::Preserve) self.unsafeGetTensorImpl()->empty_tensor_restride(*format);
  return self;
}

// What CUDA computes of floating numbers only; the CPU computes some of it of bytes and other whole numbers as well.
const std::set<std::string> FLOATING{
    "aten::upsample_linear1d", "aten::upsample_bilinear2d", "aten::_upsample_bilinear2d_aa", "aten::upsample_trilinear3d",
    "aten::upsample_bicubic2d", "aten::_upsample_bicubic2d_aa", "aten::avg_pool2d", "aten::avg_pool3d",
    "aten::max_pool2d_with_indices", "aten::max_pool3d_with_indices", "aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm",
    "aten::addmv", "aten::dot",
};

void require_floating(const std::string& name, const Tensor& x) {
  TORCH_CHECK_NOT_IMPLEMENTED(at::isFloatingType(x.scalar_type()), '"', name, "\" not implemented for '",
                              c10::toString(x.scalar_type()), "'");
}

Tensor convolution(const Tensor& x, const Tensor& weight, const MaybeTensor& bias, SymIntArrayRef stride,
                   SymIntArrayRef padding, SymIntArrayRef dilation, bool transposed, SymIntArrayRef more, c10::SymInt groups) {
  require_own("convolution", {x, weight, bias});
  require_floating("convolution", x);
  Inside own;
  return back(at::convolution_symint(bared(x), bared(weight), bared(bias), stride, padding, dilation, transposed, more, groups));
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(
    const Tensor& grad, const Tensor& x, const Tensor& weight, SymIntArrayRef stride, SymIntArrayRef padding,
    SymIntArrayRef dilation, bool transposed, SymIntArrayRef more, c10::SymInt groups, std::array<bool, 3> mask) {
  require_own("convolution_backward", {grad, x, weight});
  Inside own;
  std::vector<c10::SymInt> bias{transposed ? weight.sym_size(1) * groups : weight.sym_size(0)};
  auto [a, b, c] = at::convolution_backward_symint(bared(grad), bared(x), bared(weight), SymIntArrayRef(bias), stride, padding,
                                                   dilation, transposed, more, groups, mask);
  return {back(a), back(b), back(c)};
}

// Its schema does not say that running statistics change, so that a fallback by copies would lose them.
std::tuple<Tensor, Tensor, Tensor> batch_norm(const Tensor& x, const MaybeTensor& weight, const MaybeTensor& bias,
                                              const MaybeTensor& mean, const MaybeTensor& var, bool training, double momentum,
                                              double eps) {
  require_own("native_batch_norm", {x, weight, bias, mean, var});
  Inside own;
  auto [a, b, c] = at::native_batch_norm(bared(x), bared(weight), bared(bias), bared(mean), bared(var), training, momentum, eps);
  return {back(a), back(b), back(c)};
}

// What gives a shape that hangs on values.
const std::set<std::string> BY_VALUE{
    "aten::nonzero", "aten::masked_select", "aten::_unique2", "aten::unique_dim", "aten::unique_consecutive",
    "aten::repeat_interleave", "aten::bincount", "aten::equal", "aten::is_nonzero",
};
// What takes places given on the CPU as well.
const std::set<std::string> PLACES{
    "aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_", "aten::_unsafe_index",
};

// Everything else, by the CPU on copies.
void fallback(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const auto& name = op.schema().operator_name().name;
  const bool places = PLACES.count(name) > 0;
  bool own = false, others = false, by_mask = false;
  auto look = [&](const Tensor& x) {
    if (!x.defined()) return;
    own |= !foreign(x);
    others |= foreign(x) && x.dim() > 0;
    by_mask |= places && !foreign(x) && x.scalar_type() == at::kBool;
  };
  const auto given = torch::jit::last(*stack, op.schema().arguments().size());
  if (FLOATING.count(name)) require_floating(name, given[0].toTensor());
  for (const auto& value : given) {
    if (value.isTensor()) look(value.toTensor());
    else if (value.isTensorList()) for (const Tensor& x : value.toTensorVector()) look(x);
    else if (value.isOptionalTensorList()) for (const MaybeTensor& x : value.toOptionalTensorVector()) look(x.value_or(Tensor()));
  }
  if (own && others && !places) mixed(name);
  if (own && (by_mask || BY_VALUE.count(name))) waited(name);
  Inside here;
  at::native::cpu_fallback(op, stack);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("_copy_from", &copy_from);
  m.impl("_copy_from_and_resize", &copy_from_and_resize);
  m.impl("_local_scalar_dense", &local_scalar);
  m.impl("as_strided", &at::native::as_strided_tensorimpl);
  m.impl("view", &at::native::view);
  m.impl("_reshape_alias", &at::native::_reshape_alias);
  m.impl("unfold", &at::native::unfold);
  m.impl("resize_", &resize);
  m.impl("set_.source_Storage_storage_offset", &set_storage);
  m.impl("set_.source_Storage", [](Tensor& self, at::Storage source) -> Tensor& { return at::native::set_(self, source); });
  m.impl("set_.source_Tensor", [](Tensor& self, const Tensor& source) -> Tensor& { return at::native::set_tensor_(self, source); });
  m.impl("convolution_overrideable", &convolution);
  m.impl("convolution_backward_overrideable", &convolution_backward);
  m.impl("native_batch_norm", &batch_norm);
}
TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&fallback>()); }

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("begin", [] { at::RegisterPrivateUse1HooksInterface(&hooks); });
  m.def("waits", [] {
    std::lock_guard<std::mutex> lock(waiting);
    return std::exchange(waits, {});
  });
}

/// A class or function that a pickle names. Nothing is ever looked up or called: the name decides alone.
struct PickleName {
  /// What is done with it.
  enum Meaning {
    case dictionary
    /// `_rebuild_tensor` and its successors.
    case tensor
    /// Wraps a tensor, its first argument.
    case parameter
    /// `_rebuild_from_type_v2`: function, type, arguments, state.
    case typedTensor
    /// `torch.Size`.
    case size
    case storage(ElementType?, size: Int)
    case untypedStorage
    /// A tensor of a kind that is not read.
    case foreignTensor(String)
    case type(ElementType?)
    /// `numpy.dtype`.
    case numberType
    /// NumPy's `_reconstruct`: an array that is yet to be filled.
    case emptyArray
    /// NumPy's `_frombuffer`: an array with its bytes.
    case filledArray
    /// `_codecs.encode`: Python 3 writes bytes so in protocol 2.
    case encoding
    /// Harmless and not worth a word.
    case plain
    /// Unknown: becomes a placeholder.
    case unknown
    /// `getattr`: harm, but for the methods of mmengine's `HistoryBuffer`, which its files hold by name.
    case attribute
    case harmful
  }

  /// The one class whose attributes a pickle may name.
  static let historyBuffer = "mmengine.logging.history_buffer.HistoryBuffer"

  /// Module and name, with a dot.
  let full: String
  let meaning: Meaning

  init(module: String, name: String) {
    full = module + "." + name
    meaning = Self.meaning(module, name)
  }

  private static func meaning(_ module: String, _ name: String) -> Meaning {
    if ["builtins", "__builtin__"].contains(module), name == "getattr" { return .attribute }
    if isHarmful(module, name) { return .harmful }
    switch module {
    case "collections" where ["OrderedDict", "defaultdict"].contains(name): return .dictionary
    case "builtins", "__builtin__": return name == "dict" ? .dictionary : .plain
    case "_codecs" where name == "encode": return .encoding
    case "copyreg", "copy_reg", "_codecs": return .plain
    case "numpy": return name == "dtype" ? .numberType : name == "ndarray" ? .plain : .unknown
    // NumPy 2 has an underscore before `core`.
    case "numpy.core.multiarray", "numpy._core.multiarray":
      return name == "_reconstruct" ? .emptyArray : .unknown
    case "numpy.core.numeric", "numpy._core.numeric": return name == "_frombuffer" ? .filledArray : .unknown
    case "torch._utils", "torch._tensor":
      if let kind = foreignTensors[name] { return .foreignTensor(kind) }
      switch name {
      case "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3": return .tensor
      case "_rebuild_parameter", "_rebuild_parameter_with_state": return .parameter
      case "_rebuild_from_type_v2": return .typedTensor
      default: return .unknown
      }
    case "torch.storage":
      return name == "UntypedStorage" || name == "_UntypedStorage" ? .untypedStorage : .unknown
    case "torch":
      if let type = types[name] { return .type(type) }
      if foreignTypes.contains(name) { return .type(nil) }
      guard name != "Size" else { return .size }
      guard name != "UntypedStorage" else { return .untypedStorage }
      if let type = storages[name] { return .storage(type, size: type.size) }
      if let size = foreignStorages[name] { return .storage(nil, size: size) }
      return ["device", "Tensor"].contains(name) ? .plain : .unknown
    case "torch.nn.parameter": return ["Parameter", "Buffer"].contains(name) ? .plain : .unknown
    case "torch.serialization": return name == "_get_layout" ? .plain : .unknown
    default: return .unknown
    }
  }

  private static let types: [String: ElementType] = [
    "float64": .float64, "double": .float64, "float32": .float32, "float": .float32, "float16": .float16,
    "half": .float16, "bfloat16": .bfloat16, "int64": .int64, "long": .int64, "int32": .int32, "int": .int32,
    "int16": .int16, "short": .int16, "int8": .int8, "uint8": .uint8, "bool": .bool,
  ]
  private static let storages: [String: ElementType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16, "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16,
    "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
  ]
  private static let foreignTypes: Set<String> = [
    "complex32", "complex64", "complex128", "cfloat", "cdouble", "qint8", "quint8", "qint32", "quint4x2",
    "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz",
    "float8_e8m0fnu", "float4_e2m1fn_x2",
  ]
  private static let foreignStorages: [String: Int] = [
    "ComplexDoubleStorage": 16, "ComplexFloatStorage": 8, "QInt8Storage": 1, "QUInt8Storage": 1,
    "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
  ]
  private static let foreignTensors: [String: String] = [
    "_rebuild_qtensor": "quantised", "_rebuild_sparse_tensor": "sparse",
    "_rebuild_sparse_csr_tensor": "sparse", "_rebuild_nested_tensor": "nested",
    "_rebuild_meta_tensor_no_storage": "without data (meta device)",
    "_rebuild_wrapper_subclass": "of a subclass without data",
    "_rebuild_device_tensor_from_numpy": "of a device that is not read",
    "_rebuild_device_tensor_from_cpu_tensor": "of a device that is not read",
  ]

  // MARK: Harm

  /// Modules from which a checkpoint needs nothing, and an attacker everything.
  private static let harmfulModules: Set<String> = [
    "os", "posix", "nt", "subprocess", "_posixsubprocess", "sys", "shutil", "socket", "_socket", "ssl", "pty",
    "commands", "popen2", "importlib", "_frozen_importlib", "imp", "runpy", "pkgutil", "zipimport", "ctypes",
    "_ctypes", "cffi", "code", "codeop", "webbrowser", "pickle", "_pickle", "cPickle", "marshal", "dill",
    "cloudpickle", "joblib", "shelve", "types", "operator", "_operator", "inspect", "asyncio",
    "multiprocessing", "_multiprocessing", "threading", "_thread", "signal", "pdb", "bdb", "profile",
    "cProfile", "timeit", "trace", "doctest", "venv", "ensurepip", "pip", "setuptools", "distutils", "http",
    "urllib", "urllib2", "httplib", "requests", "ftplib", "smtplib", "telnetlib", "xmlrpc", "site",
    "tempfile",
    "io", "_io", "mmap", "fcntl", "resource", "platform", "gc", "atexit", "sqlite3", "concurrent",
  ]
  /// Parts of a dotted name that lead out of a harmless module: `torch.serialization`, `os.system`.
  private static let harmfulParts: Set<String> = [
    "os", "posix", "nt", "subprocess", "sys", "builtins", "__builtins__", "__builtin__", "shutil", "socket",
    "importlib", "__import__", "eval", "exec", "system", "popen", "__globals__", "__subclasses__",
    "__class__",
    "__dict__", "__getattribute__", "__reduce__", "__reduce_ex__", "pickle", "runstring",
  ]
  private static let harmfulNames: Set<String> = [
    "torch.load", "torch.serialization.load", "torch.hub.load", "torch.hub.load_state_dict_from_url",
    "torch.jit.load", "torch._C._jit_load", "torch.storage._load_from_bytes",
    "torch.utils.cpp_extension.load",
    "numpy.load", "numpy.fromfile", "functools.reduce", "torch.compile",
  ]
  /// Types of data; all other builtins can reach code.
  private static let builtinData: Set<String> = [
    "object", "bool", "int", "long", "float", "complex", "str", "unicode", "bytes", "bytearray", "list",
    "tuple", "dict", "set", "frozenset", "slice", "range", "xrange", "NoneType", "Ellipsis",
  ]

  private static func isHarmful(_ module: String, _ name: String) -> Bool {
    let parts = "\(module).\(name)".split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if harmfulModules.contains(parts[0]) { return true }
    if parts.dropFirst().contains(where: harmfulParts.contains) { return true }
    if harmfulNames.contains("\(module).\(name)") { return true }
    guard module == "builtins" || module == "__builtin__" else { return parts[0] == "__builtins__" }
    return !builtinData.contains(name) && !["Error", "Exception", "Warning"].contains { name.hasSuffix($0) }
  }
}

namespace Becket.Nbd.Kernel;

/// <summary>The kernel does not do what was asked of its nbd driver. The message is a sentence that says why and what to try.</summary>
public sealed class KernelDeviceException(string message, Exception? inner = null) : IOException(message, inner);

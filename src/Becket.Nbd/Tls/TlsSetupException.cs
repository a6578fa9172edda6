namespace Becket.Nbd.Tls;

/// <summary>TLS cannot be offered with these files. The message is a sentence that names the file and what to do.</summary>
public sealed class TlsSetupException(string message, Exception? inner = null) : Exception(message, inner);

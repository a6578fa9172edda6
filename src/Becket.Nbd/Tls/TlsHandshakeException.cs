namespace Becket.Nbd.Tls;

/// <summary>TLS with one client did not come about. The message is half a sentence that says which side did not like what.</summary>
internal sealed class TlsHandshakeException(string reason, Exception inner) : ConnectionEndedException(reason, inner);

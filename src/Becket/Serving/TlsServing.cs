using Becket.Nbd.Tls;

namespace Becket.Serving;

/// <summary>TLS as a server offers it, and what clients on this machine are told of it.</summary>
/// <param name="Server">The server's side.</param>
/// <param name="Certificates">A folder in which clients find the authority's certificate, or null; absolute.</param>
internal sealed record TlsServing(TlsServer Server, string? Certificates);

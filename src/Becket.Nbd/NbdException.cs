namespace Becket.Nbd;

/// <summary>
/// The server refused a request or an option, or does not follow the protocol. The message is for people and holds the
/// server's own sentence where it sent one.
/// </summary>
public sealed class NbdException(string message, int errno = 0, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>The error number on the wire, with Linux's values; 0 where the failure has none.</summary>
    public int Errno { get; } = errno;
}

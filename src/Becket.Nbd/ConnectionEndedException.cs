namespace Becket.Nbd;

/// <summary>
/// One connection cannot go on: it broke, stalled, or the other side violated the protocol. The message is the reason,
/// half a sentence for the log. It ends that connection and nothing else, and never becomes a reply.
/// </summary>
internal class ConnectionEndedException(string reason, Exception? inner = null) : Exception(reason, inner);

namespace Becket.Fuse;

/// <summary>
/// A file could not be mounted, or a loop device not be attached. The message is a sentence for people: what was tried, what the
/// kernel said and what to do about it.
/// </summary>
public sealed class FuseException(string message, Exception? inner = null) : Exception(message, inner);

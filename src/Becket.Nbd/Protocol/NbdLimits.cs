namespace Becket.Nbd.Protocol;

/// <summary>The bounds that keep one client from taking more than its share. All are in bytes unless they say otherwise.</summary>
internal static class NbdLimits
{
    /// <summary>Longest string on the wire: export names, descriptions, queries (proto.md, "Values").</summary>
    public const int StringLength = 4096;

    /// <summary>Longest option whose data is looked at. Longer ones are answered with ERR_TOO_BIG.</summary>
    public const int OptionLength = 64 * 1024;

    /// <summary>Longest option that is read and thrown away. A client that announces more is disconnected.</summary>
    public const int SkippedOptionLength = 1024 * 1024;

    /// <summary>Number of options in one handshake; a client that lists many exports asks for INFO on each of them.</summary>
    public const int OptionCount = 4096;

    /// <summary>Largest READ and WRITE: what a client may assume that has not asked for the block sizes.</summary>
    public const int Payload = 32 * 1024 * 1024;

    /// <summary>Largest WRITE payload that is read and thrown away to answer with an error; beyond it the client is disconnected.</summary>
    public const int SkippedPayload = 64 * 1024 * 1024;

    /// <summary>Number of descriptors in one BLOCK_STATUS reply; the client asks again from where the last one ends.</summary>
    public const int Descriptors = 1024;

    /// <summary>Characters of an error sentence that are sent; the rest is cut off.</summary>
    public const int SentenceLength = 300;
}

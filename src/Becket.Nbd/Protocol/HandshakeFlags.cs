namespace Becket.Nbd.Protocol;

/// <summary>What both sides can do in the handshake; server and client use the same bits (proto.md, "Handshake phase").</summary>
[Flags]
internal enum HandshakeFlags : ushort
{
    None = 0,
    FixedNewstyle = 1,

    /// <summary>The 124 zero bytes behind the answer to EXPORT_NAME are left out.</summary>
    NoZeroes = 2,
}

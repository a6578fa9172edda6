using System.Runtime.InteropServices;

namespace Becket.Nbd.Kernel.Netlink;

/// <summary>
/// The kernel's last word on a request: an error, or the acknowledgement that there was none (linux/netlink.h, struct nlmsgerr).
/// </summary>
/// <remarks>
/// Behind the 16 bytes of the header:
/// <code>
///  0  4   0, or the errno as a negative number
///  4  16  header of the request
/// 20  n   the rest of the request, unless the flag <see cref="NetlinkFlags.Capped"/> is set or there was no error
///         with <see cref="NetlinkFlags.HasErrorAttributes"/> attributes: 1 is a sentence
/// </code>
/// </remarks>
internal readonly record struct NetlinkError(int Errno, string Sentence)
{
    /// <summary>NLMSG_ERROR, the type of such a message.</summary>
    public const ushort Type = 2;

    private const int RequestOffset = NetlinkHeader.BasicSize + sizeof(int);
    private const ushort SentenceAttribute = 1;

    /// <summary>Reads a whole message, header included; false where it is too short to be one.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, NetlinkFlags flags, out NetlinkError error)
    {
        error = default;
        if (message.Length < RequestOffset + NetlinkHeader.BasicSize)
            return false;

        var errno = -MemoryMarshal.Read<int>(message[NetlinkHeader.BasicSize..]);
        var repeated = NetlinkHeader.BasicSize;
        if (errno != 0 && !flags.HasFlag(NetlinkFlags.Capped))
            repeated = Math.Max(repeated, NetlinkHeader.Align(MemoryMarshal.Read<int>(message[RequestOffset..])));

        var attributes = RequestOffset + repeated;
        var hasSentence = flags.HasFlag(NetlinkFlags.HasErrorAttributes) && attributes <= message.Length;
        error = new NetlinkError(errno, hasSentence ? AttributeReader.FindText(message[attributes..], SentenceAttribute) : "");
        return true;
    }
}

using System.Net;
using System.Net.Sockets;

namespace Becket.Nbd;

/// <summary>
/// Which clients are let in at all, by what the kernel says of their sockets: addresses for TCP, users and groups for unix
/// sockets. An empty list admits everybody of its kind.
/// </summary>
public sealed record ClientAdmission
{
    /// <summary>For TCP. An IPv4 client of a socket for IPv6 counts as one of IPv4.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <summary>For unix sockets: who is among the users or has one of the groups as its first is let in.</summary>
    public IReadOnlyList<uint> Users { get; init; } = [];

    public IReadOnlyList<uint> Groups { get; init; } = [];

    /// <summary>Why this client is turned away, half a sentence; null: it is welcome.</summary>
    internal string? Refusal(Socket client)
    {
        try
        {
            return client.RemoteEndPoint is IPEndPoint { Address: var address }
                ? RefusalOf(address)
                : RefusalOf(Users.Count + Groups.Count == 0 ? null : PeerCredentials.Of(client));
        }
        catch (SocketException e)
        {
            return $"it cannot be told who it is: {e.Message}";
        }
    }

    internal string? RefusalOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();

        return Networks.Count == 0 || Networks.Any(network => network.Contains(address)) ? null : "its address is not among those allowed";
    }

    internal string? RefusalOf(PeerCredentials? peer)
    {
        if (Users.Count + Groups.Count == 0)
            return null;
        if (peer is not { } known)
            return "the kernel does not say who it is";

        return Users.Contains(known.User) || Groups.Contains(known.Group)
            ? null
            : $"user {known.User} of group {known.Group} is not among those allowed";
    }
}

using System.Diagnostics;

namespace Becket.Bench.Compare.Setting;

/// <summary>One NBD server of a comparison: what it is called and how it is started over an image.</summary>
internal sealed record Peer(string Id, string Title, Func<ServerOrder, ProcessStartInfo> Command);

/// <summary>What a server shall serve and where. <paramref name="Folder"/> is new for every race: nothing in it is from before.</summary>
internal sealed record ServerOrder(DistantStore Store, S3Account Account, Image Image, string Folder)
{
    public string Socket => Path.Combine(Folder, "socket");

    public string PidFile => Path.Combine(Folder, "pid");

    public string Uri => $"nbd+unix:///?socket={Socket}";

    /// <summary>Where Becket keeps its cache on disk, in a race that is about that.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>How much Becket may cache in memory, where a race is about that.</summary>
    public string? CacheMemory { get; init; }
}

/// <summary>A started server.</summary>
internal static class Server
{
    /// <summary>Starts a peer; when this returns, clients can connect. All of them write their process id once they are ready.</summary>
    public static Task<RunningProcess> StartAsync(Peer peer, ServerOrder order, CancellationToken cancellationToken)
    {
        var start = peer.Command(order);
        // Whatever a server keeps in somebody's home (caches above all), it finds and leaves nothing there.
        start.Environment["HOME"] = order.Folder;
        start.Environment["XDG_CACHE_HOME"] = Path.Combine(order.Folder, "home-cache");
        start.Environment["TMPDIR"] = order.Folder;
        return RunningProcess.StartAsync(start, _ => new FileInfo(order.PidFile) is { Exists: true, Length: > 0 }, cancellationToken);
    }
}

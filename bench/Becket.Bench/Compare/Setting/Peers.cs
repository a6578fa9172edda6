using System.Diagnostics;

namespace Becket.Bench.Compare.Setting;

/// <summary>
/// Becket and those it is measured against, each started as its manual says. Becket and nbdkit's S3 plugin sign their
/// requests; the others read the same object without a signature, which costs them nothing.
/// </summary>
internal sealed class Peers
{
    public const string Becket = "becket";
    public const string S3 = "s3";
    public const string Curl = "curl";
    public const string Readahead = "readahead";
    public const string Qemu = "qemu";
    public const string File = "file";
    public const string Memory = "memory";

    private readonly CompareOptions _options;
    private readonly string _becketHelp;

    private Peers(CompareOptions options, string becketHelp)
    {
        _options = options;
        _becketHelp = becketHelp;
        All =
        [
            new Peer(S3, "nbdkit S3", order => Nbdkit(order,
                "S3", $"access_key={order.Account.AccessKey}", $"secret_key={order.Account.SecretKey}",
                $"endpoint_url={order.Store.Origin}", $"bucket={Store.Bucket}", $"key={order.Image.Key}")),
            new Peer(Curl, "nbdkit curl", order => Nbdkit(order, "curl", $"{order.Store.UrlOf(order.Image)}")),
            // As nbdkit-readahead-filter(1) says: the curl plugin cannot prefetch, so the cache filter goes below.
            new Peer(Readahead, "curl+readahead", order => Nbdkit(order,
                "--filter=readahead", "--filter=cache", "curl", $"{order.Store.UrlOf(order.Image)}")),
            new Peer(Qemu, "qemu-nbd curl", Qemunbd),
            new Peer(File, "nbdkit file", order => Nbdkit(order, "file", order.Image.Path)),
            // One thread: measured to be this plugin's best. It is filled before it is raced; an empty one only sends zeroes.
            new Peer(Memory, "nbdkit memory", order => Writable(order, "-t", "1", "memory", $"{order.Image.Size}")),
            new Peer(Becket, "becket", ServeBecket),
        ];
    }

    public IReadOnlyList<Peer> All { get; }

    /// <summary>Whether this Becket knows an option, such as <c>--cache-dir</c>.</summary>
    public bool BecketKnows(string option) => _becketHelp.Contains(option + " ", StringComparison.Ordinal);

    public static async Task<Peers> FindAsync(CompareOptions options, CancellationToken cancellationToken) =>
        new(options, await Tool.RunAsync(options.Becket, ["serve", "--help"], cancellationToken));

    /// <summary>Those of the given ones that the command line lets race.</summary>
    public IReadOnlyList<Peer> Pick(params string[] ids) => [.. All.Where(peer => ids.Contains(peer.Id) && _options.Races(peer.Id))];

    private ProcessStartInfo ServeBecket(ServerOrder order)
    {
        string[] words =
        [
            "serve", $"s3://{Store.Bucket}/{order.Image.Key}",
            "--endpoint-url", order.Store.Origin,
            "-P", order.PidFile,
            "-U", order.Socket,
            .. order.CacheFolder is { } folder ? (string[])["--cache-dir", folder] : [],
            .. order.CacheMemory is { } memory ? (string[])["--cache-memory", memory] : [],
            .. _options.BecketOptions,
        ];
        var start = new ProcessStartInfo(_options.Becket, words);
        start.Environment["AWS_ACCESS_KEY_ID"] = order.Account.AccessKey;
        start.Environment["AWS_SECRET_ACCESS_KEY"] = order.Account.SecretKey;
        return start;
    }

    private static ProcessStartInfo Nbdkit(ServerOrder order, params string[] words) => Writable(order, ["-r", .. words]);

    private static ProcessStartInfo Writable(ServerOrder order, params string[] words) =>
        new("nbdkit", ["-f", "-P", order.PidFile, "-U", order.Socket, .. words]);

    private static ProcessStartInfo Qemunbd(ServerOrder order) => new(
        "qemu-nbd",
        ["-r", "-t", "-e", "16", "-f", "raw", $"--pid-file={order.PidFile}", "-k", order.Socket, $"{order.Store.UrlOf(order.Image)}"]);
}

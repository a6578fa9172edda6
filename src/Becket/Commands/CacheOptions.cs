using System.CommandLine;
using System.CommandLine.Parsing;
using Becket.Blocks.Caching;
using Becket.Sources;

namespace Becket.Commands;

/// <summary>The options of the cache and of fetching ahead; shared by every command that serves a source.</summary>
internal sealed class CacheOptions
{
    private readonly Option<string> _folder = new("--cache-dir") { Description = "Keep what was read in this folder, too, for later and for other processes", HelpName = "DIR" };
    private readonly Option<long> _size = Size("--cache-size", "The most that the folder may take (default: 10G)", _ => 10L << 30);
    private readonly Option<long> _memory = Size("--cache-memory", "Memory for cached blocks (default: a sixteenth of the machine's, 64M to 512M)", _ => CachePlan.DefaultMemory);
    private readonly Option<int> _connections = new("--connections") { Description = "Requests to the store at a time, at most (default: 32)", HelpName = "N", DefaultValueFactory = _ => new CacheSettings().Connections };
    private readonly Option<long?> _zone = OptionalSize("--zone", "How much around a miss is fetched with it, at most (default: 8M; 0: nothing)");
    private readonly Option<long?> _readahead = OptionalSize("--readahead", "How far a sequential reader is read ahead, at most (default: 32M; 0: not at all)");
    private readonly Option<string> _prefetch = new("--prefetch") { Description = "What to fetch before it is asked for: none, profile (what was read first last time; the default) or all", HelpName = "WHAT" };
    private readonly Option<string> _profile = new("--record-profile") { Description = "Keep what is read in the first minute in this file, and fetch it ahead next time (default: beside the blocks in --cache-dir)", HelpName = "FILE" };
    private readonly Option<bool> _thrifty = new("--thrifty") { Description = "Fetch little that was not asked for: for stores that bill every byte" };

    public void AddTo(Command command)
    {
        _prefetch.AcceptOnlyFromAmong("none", "profile", "all");
        foreach (var option in (Option[])[_folder, _size, _memory, _connections, _zone, _readahead, _prefetch, _profile, _thrifty])
            command.Options.Add(option);
    }

    /// <exception cref="CommandException">Sizes that make no sense.</exception>
    public CachePlan Read(ParseResult parsed)
    {
        if (parsed.GetValue(_connections) is < 1 or > 256)
            throw CommandException.Usage("--connections takes a number from 1 to 256");
        if (parsed.GetValue(_memory) < BlockCache.MinimumMemory)
            throw CommandException.Usage($"--cache-memory must be at least {ByteCount.Format(BlockCache.MinimumMemory)}");
        if (parsed.GetResult(_size) is { Implicit: false } && parsed.GetValue(_folder) is null)
            throw CommandException.Usage("--cache-size limits the folder of --cache-dir, which was not given");

        return new CachePlan
        {
            Folder = parsed.GetValue(_folder),
            FolderSize = parsed.GetValue(_size),
            Memory = parsed.GetValue(_memory),
            Settings = new CacheSettings
            {
                Connections = parsed.GetValue(_connections),
                Zone = parsed.GetValue(_zone),
                Readahead = parsed.GetValue(_readahead),
                Prefetch = parsed.GetValue(_prefetch) switch
                {
                    "none" => PrefetchMode.None,
                    "all" => PrefetchMode.All,
                    _ => PrefetchMode.Profile,
                },
                ProfileFile = parsed.GetValue(_profile),
                Thrift = parsed.GetValue(_thrifty) ? FetchThrift.Thrifty : FetchThrift.Quick,
            },
        };
    }

    private static Option<long> Size(string name, string description, Func<ArgumentResult, long> standard) =>
        new(name) { Description = description, HelpName = "SIZE", CustomParser = ParseSize, DefaultValueFactory = standard };

    private static Option<long?> OptionalSize(string name, string description) =>
        new(name) { Description = description, HelpName = "SIZE", CustomParser = result => ParseSize(result) };

    private static long ParseSize(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (!ByteCount.TryParse(text, out var bytes))
            result.AddError($"'{text}' is not a size; write a number of bytes or such as 64K, 512M, 1.5G");
        return bytes;
    }
}

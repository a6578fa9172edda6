using System.CommandLine;
using Becket.Blocks.Caching;
using Becket.Sources;

namespace Becket.Commands;

/// <summary>The options of the cache and of fetching ahead; shared by every command that serves a source.</summary>
internal sealed class CacheOptions
{
    private readonly Option<string> _folder = new("--cache-dir")
    {
        Description = "Keep what was read in a folder, too; processes share it",
        HelpName = "DIR",
    };
    private readonly Option<long?> _size = Size("--cache-size", "The most that the folder takes (default: 10G)");
    private readonly Option<long?> _memory = Size(
        "--cache-memory", $"Memory for blocks (default: {ByteCount.Format(CachePlan.DefaultMemory)} here)");
    private readonly Option<int?> _connections = new("--connections")
    {
        Description = "Requests to the store at a time, at most (default: 32)",
        HelpName = "N",
    };
    private readonly Option<long?> _zone = Size("--zone", "What a miss brings in around it, at most (default: 8M)");
    private readonly Option<long?> _readahead = Size("--readahead", "How far to read ahead of a reader, at most (default: 32M)");
    private readonly Option<string> _prefetch = new("--prefetch")
    {
        Description = "Before anybody asks: none, profile (the default), all",
        HelpName = "WHAT",
    };
    private readonly Option<string> _profile = new("--record-profile")
    {
        Description = "The profile's file (default: in --cache-dir)",
        HelpName = "FILE",
    };
    private readonly Option<bool> _thrifty = new("--thrifty")
    {
        Description = "Fetch little that was not asked for: the store bills bytes",
    };

    public void AddTo(Command command)
    {
        _prefetch.AcceptOnlyFromAmong("none", "profile", "all");
        foreach (var option in (Option[])[_folder, _size, _memory, _connections, _zone, _readahead, _prefetch, _profile, _thrifty])
            command.Options.Add(option);
    }

    /// <exception cref="CommandException">Sizes that make no sense.</exception>
    public CachePlan Read(ParseResult parsed)
    {
        if (parsed.GetValue(_size) is <= 0)
            throw CommandException.Usage("--cache-size must be more than nothing; without --cache-dir nothing is kept on disk");
        OptionValues.CheckConnections(parsed.GetValue(_connections));
        var memory = parsed.GetValue(_memory) ?? CachePlan.DefaultMemory;
        if (memory < BlockCache.MinimumMemory)
            throw CommandException.Usage($"--cache-memory must be at least {ByteCount.Format(BlockCache.MinimumMemory)}");
        if (parsed.GetValue(_size) is not null && parsed.GetValue(_folder) is null)
            throw CommandException.Usage("--cache-size limits the folder of --cache-dir, which was not given");

        return new CachePlan
        {
            Folder = parsed.GetValue(_folder) is { } folder ? Path.GetFullPath(folder) : null,
            FolderSize = parsed.GetValue(_size) ?? CachePlan.DefaultFolderSize,
            Memory = memory,
            Settings = new CacheSettings
            {
                Connections = parsed.GetValue(_connections) ?? new CacheSettings().Connections,
                Zone = parsed.GetValue(_zone),
                Readahead = parsed.GetValue(_readahead),
                Prefetch = parsed.GetValue(_prefetch) switch
                {
                    "none" => PrefetchMode.None,
                    "all" => PrefetchMode.All,
                    _ => PrefetchMode.Profile,
                },
                ProfileFile = parsed.GetValue(_profile) is { } profile ? Path.GetFullPath(profile) : null,
                Thrift = parsed.GetValue(_thrifty) ? FetchThrift.Thrifty : FetchThrift.Quick,
            },
        };
    }

    private static Option<long?> Size(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = static result => OptionValues.ParseSize(result, "64K, 512M, 1.5G"),
    };
}

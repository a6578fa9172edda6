using Becket.Blocks.Caching;
using Becket.Nbd;
using Becket.Sources;

namespace Becket.Status;

/// <summary>A device that is offered under a name, and where it comes from, without secrets.</summary>
internal sealed record ShownExport(string Name, string Source, ServedDevice Device);

/// <summary>
/// What a process serves at the moment, for those who look at it from outside. Filled in as it comes up and emptied before it is
/// taken down; any thread may look at any time.
/// </summary>
internal sealed class StatusBoard
{
    private volatile Shown _shown = Shown.Nothing;
    private volatile NbdServer? _server;
    private volatile ServingPhase _phase;

    public IReadOnlyList<ShownExport> Exports => _shown.Exports;

    public IReadOnlyList<OpenedStore> Stores => _shown.Stores;

    /// <summary>Null where nothing is cached.</summary>
    public BlockCache? Cache => _shown.Cache;

    /// <summary>Null where NBD is not spoken.</summary>
    public NbdServer? Server
    {
        get => _server;
        set => _server = value;
    }

    public ServingPhase Phase
    {
        get => _phase;
        set => _phase = value;
    }

    /// <summary>Shows what is open now.</summary>
    /// <returns>Takes it off again; to be disposed before the devices are.</returns>
    public IDisposable Show(IEnumerable<ShownExport> exports, SourceOpener opener, SourceCache cache)
    {
        _shown = new Shown([.. exports], [.. opener.Stores], cache.Shared);
        return new Showing(this);
    }

    private sealed record Shown(IReadOnlyList<ShownExport> Exports, IReadOnlyList<OpenedStore> Stores, BlockCache? Cache)
    {
        public static Shown Nothing { get; } = new([], [], null);
    }

    private sealed class Showing(StatusBoard board) : IDisposable
    {
        public void Dispose()
        {
            board.Phase = ServingPhase.Stopping;
            board._shown = Shown.Nothing;
            board._server = null;
        }
    }
}

/// <summary>How far a process has come.</summary>
internal enum ServingPhase
{
    Opening,
    Serving,
    Stopping,
}

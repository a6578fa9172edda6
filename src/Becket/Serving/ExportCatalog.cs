using System.Runtime.CompilerServices;
using Becket.Blocks;
using Becket.Nbd;
using Becket.Sources;
using Microsoft.Extensions.Logging;

namespace Becket.Serving;

/// <summary>A source that is offered under a name.</summary>
internal sealed record ExportSource(string Name, DeviceSource Source, FileAccess Access);

/// <summary>
/// The exports of one server: every device open from the start, by name. Fixed once open, hence safe for many threads.
/// The empty name stands for the first export.
/// </summary>
internal sealed class ExportCatalog : IExportCatalog, IAsyncDisposable
{
    /// <summary>Names longer than this cannot be sent (NBD specification, "Values").</summary>
    private const int MaximumName = 4096;

    private readonly OrderedDictionary<string, ServedDevice> _devices = new(StringComparer.Ordinal);

    private ExportCatalog()
    {
    }

    /// <summary>Every export with its name, in the order of the command line.</summary>
    public IEnumerable<KeyValuePair<string, ServedDevice>> Exports => _devices;

    public string DefaultName => _devices.GetAt(0).Key;

    /// <summary>Opens every source; when one fails, the others are closed again.</summary>
    public static async Task<ExportCatalog> OpenAsync(
        IReadOnlyList<ExportSource> exports,
        SourceOpener opener,
        SourceCache cache,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var catalog = new ExportCatalog();
        var logger = loggers.CreateLogger<ExportCatalog>();
        try
        {
            foreach (var export in exports)
            {
                if (System.Text.Encoding.UTF8.GetByteCount(export.Name) > MaximumName
                    || export.Name.Contains('\0', StringComparison.Ordinal))
                {
                    throw CommandException.Usage($"an export's name is at most {MaximumName} bytes long and has no zero byte");
                }
                if (catalog._devices.ContainsKey(export.Name))
                    throw CommandException.Usage($"two exports are named '{export.Name}'; give each its own name");

                var device = await DeviceStack.OpenAsync(export.Name, export.Source, export.Access, opener, cache, cancellationToken);
                catalog._devices.Add(export.Name, device);
                Log.Opened(logger, export.Source, export.Name, device.Device.Info.Size);
            }

            return catalog;
        }
        catch
        {
            await catalog.DisposeAsync();
            throw;
        }
    }

#pragma warning disable CS1998 // the names are at hand
    public async IAsyncEnumerable<string> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var name in _devices.Keys)
            yield return name;
    }
#pragma warning restore CS1998

    public ValueTask<IBlockDevice?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        if (_devices.TryGetValue(name, out var export))
            return ValueTask.FromResult<IBlockDevice?>(export.Device);
        return ValueTask.FromResult<IBlockDevice?>(name.Length == 0 ? _devices.GetAt(0).Value.Device : null);
    }

    /// <summary>What is offered, for people: the source and its size, or how many there are.</summary>
    public override string ToString() => _devices.Count == 1
        ? $"{_devices.GetAt(0).Value.Device.Info.Description} ({ByteCount.Format(_devices.GetAt(0).Value.Device.Info.Size)})"
        : $"{_devices.Count} exports ({string.Join(", ", _devices.Keys)})";

    public async ValueTask DisposeAsync()
    {
        foreach (var export in _devices.Values)
            await export.Device.DisposeAsync();
    }
}

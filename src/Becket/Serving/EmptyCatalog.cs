using Becket.Blocks;
using Becket.Nbd;

namespace Becket.Serving;

/// <summary>The catalog of a server whose only clients are connections that the kernel was handed: there is nothing to negotiate.</summary>
internal sealed class EmptyCatalog : IExportCatalog
{
    public static EmptyCatalog Instance { get; } = new();

    public IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<string>();

    public ValueTask<IBlockDevice?> OpenAsync(string name, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IBlockDevice?>(null);
}

using Becket.Blocks;

namespace Becket.Nbd;

/// <summary>
/// What an NBD server offers: devices by export name. Called from the threads of many connections at once. The catalog
/// keeps ownership of the devices, which stay open as long as the server runs.
/// </summary>
public interface IExportCatalog
{
    /// <summary>The names that a client may be told; the empty name is the default export.</summary>
    IAsyncEnumerable<string> ListAsync(CancellationToken cancellationToken);

    /// <summary>The device behind a name, or null where there is none. The empty name asks for the default export.</summary>
    ValueTask<IBlockDevice?> OpenAsync(string name, CancellationToken cancellationToken);
}

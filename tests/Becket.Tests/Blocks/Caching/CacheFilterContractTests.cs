using Becket.Blocks;
using Becket.Blocks.Caching;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Blocks.Caching;

/// <summary>What every device promises, of a cached one: with room for all, and with so little that pieces come and go.</summary>
public sealed class CacheFilterContractTests : ReadOnlyDeviceContract, IDisposable
{
    private readonly BlockCache _cache = new(BlockCache.MinimumMemory, disk: null);

    public void Dispose() => _cache.Dispose();

    protected override ValueTask<IBlockDevice> OpenAsync(byte[] content) => ValueTask.FromResult<IBlockDevice>(
        new CacheFilter(new RangedSource(content), _cache, identity: null, new CacheSettings(), TimeProvider.System, NullLogger.Instance));
}

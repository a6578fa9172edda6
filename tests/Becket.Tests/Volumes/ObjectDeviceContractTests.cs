using Becket.Blocks;
using Becket.Objects;
using Becket.Tests.Blocks;
using Becket.Tests.Objects;
using Becket.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Volumes;

/// <summary>An object as a disk keeps every device's promises, also when one request in three goes wrong below it.</summary>
public sealed class ObjectDeviceContractTests : ReadOnlyDeviceContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override async ValueTask<IBlockDevice> OpenAsync(byte[] content)
    {
        await File.WriteAllBytesAsync(_folder["disk.img"], content, Token);
        var faulty = FaultyObjectStore.Seeded(new FolderObjectStore(_folder.Path), seed: content.Length, rate: 0.3);
        var policy = new RetryPolicy { FirstPause = TimeSpan.Zero, LongestPause = TimeSpan.Zero, MaximumAttempts = 1000 };
        return await ObjectDevice.OpenAsync(
            new RetryingObjectStore(faulty, policy, TimeProvider.System, NullLogger.Instance), "disk.img", versionId: null, Token);
    }
}

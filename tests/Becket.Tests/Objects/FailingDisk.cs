using System.Buffers;
using Becket.Objects;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Objects;

/// <summary>A folder with the object disk.img, and retrying stores over it whose calls fail by plan. The test turns their clock.</summary>
internal sealed class FailingDisk : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FailingDisk()
    {
        Folder = new FolderObjectStore(_folder.Path);
        new Random(1).NextBytes(Bytes);
    }

    /// <summary>Without pauses, so that the clock need not be turned for them.</summary>
    public static RetryPolicy Quick { get; } = new()
    {
        FirstPause = TimeSpan.Zero,
        LongestPause = TimeSpan.Zero,
        FirstDoubtPause = TimeSpan.Zero,
    };

    public FakeTimeProvider Time { get; } = new();

    public byte[] Bytes { get; } = new byte[100_000];

    /// <summary>The store below, which does not fail.</summary>
    public FolderObjectStore Folder { get; }

    public RetryingObjectStore Retrying(IObjectStore inner, RetryPolicy policy) => new(inner, policy, Time, NullLogger.Instance);

    /// <summary>Puts disk.img and retries what the next calls do to it: one fault (or null: none) for each.</summary>
    public async Task<(RetryingObjectStore Store, FaultyObjectStore Faulty, ObjectPin Pin)> OpenAsync(
        RetryPolicy policy, params Fault?[] faults)
    {
        var token = TestContext.Current.CancellationToken;
        var etag = await Folder.PutAsync("disk.img", new ReadOnlySequence<byte>(Bytes), PutCondition.Always, token);
        var faulty = FaultyObjectStore.Scripted(Folder, faults);
        return (Retrying(faulty, policy), faulty, new ObjectPin("disk.img", etag, null));
    }

    public void Dispose() => _folder.Dispose();
}

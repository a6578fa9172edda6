using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests;

/// <summary>
/// A test class with the shared stores and a folder for its files, which is deleted after each test.
/// </summary>
/// <param name="stores">Stores that all tests share.</param>
/// <param name="limit">How long a test may take; five minutes where it does not say.</param>
public abstract class InteropTest(RealStores stores, TimeSpan? limit = null) : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _limit = StartLimit(limit ?? TimeSpan.FromMinutes(5));

    /// <summary>Every place a source can be in, for theories.</summary>
    public static TheoryData<Place> Places => [.. Enum.GetValues<Place>()];

    /// <summary>Is cancelled when the run is, or when the test takes far too long.</summary>
    protected CancellationToken Token => _limit.Token;

    protected RealStores Stores { get; } = stores;

    public TemporaryFolder Folder => _folder;

    public void Dispose()
    {
        _folder.Dispose();
        _limit.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Serves the shared disk image from one of the places.</summary>
    protected async Task<BecketServer> ServeDiskAsync(Place place) =>
        await BecketServer.StartAsync(await Stores.GetDiskInAsync(place), Token);

    /// <summary>A new image file of random data and holes; writable, and nobody else's.</summary>
    protected string NewDisk(long size)
    {
        var path = Folder["disk.img"];
        Images.DiskImage.WriteRandomWithHoles(path, size, seed: 2);
        return path;
    }

    protected Task AssertSameBytesAsync(string expected, string actual) => new Command("cmp", expected, actual).SucceedAsync(Token);

    /// <summary>Waits for a file that a process makes when it is ready.</summary>
    protected async Task FileIsThereAsync(string path, RunningProcess madeBy)
    {
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!File.Exists(path))
        {
            Assert.False(madeBy.HasExited, $"ended before it was ready:\n{madeBy.Errors}");
            await retry.WaitForNextTickAsync(Token);
        }
    }

    private static CancellationTokenSource StartLimit(TimeSpan limit)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(limit);
        return source;
    }
}

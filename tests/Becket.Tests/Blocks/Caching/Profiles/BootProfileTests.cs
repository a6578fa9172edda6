using Becket.Blocks;
using Becket.Blocks.Caching;
using Becket.Blocks.Caching.Profiles;
using Becket.Tests.Blocks.Sources;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using static Becket.Blocks.Caching.CacheGeometry;

namespace Becket.Tests.Blocks.Caching.Profiles;

public sealed class BootProfileTests : IDisposable
{
    private const int Size = (64 * Piece) + 99;

    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _content = new byte[Size];
    private readonly BlockCache _cache = new(BlockCache.MinimumMemory, disk: null);

    public BootProfileTests() => new Random(3).NextBytes(_content);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string ProfilePath => Path.Combine(_folder.Path, "profile");

    public void Dispose()
    {
        _cache.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_profile_reads_back_as_it_was_written()
    {
        var profile = BootProfile.Of(Size, [64, 3, 4, 5, 0, 3, 9]);
        var text = profile.ToText();
        Assert.Equal($"becket-profile 1 {Size}\n{64 * Piece} 99\n{3 * Piece} {3 * Piece}\n0 {Piece}\n{9 * Piece} {Piece}\n", text);
        Assert.Equal([64, 3, 4, 5, 0, 9], BootProfile.Parse(text, Size)!.Pieces);
    }

    [Theory]
    [InlineData("")]
    [InlineData("something else")]
    [InlineData("becket-profile 1 5\n")]
    [InlineData("becket-profile 1 8388707\n0")]
    [InlineData("becket-profile 1 8388707\n0 0")]
    [InlineData("becket-profile 1 8388707\n-1 5")]
    [InlineData("becket-profile 1 8388707\n0 8388708")]
    [InlineData("becket-profile 1 8388707\n9223372036854775807 9223372036854775807")]
    [InlineData("becket-profile 1 8388707\nx y")]
    public void What_is_no_profile_of_this_device_is_not_taken_for_one(string text) => Assert.Null(BootProfile.Parse(text, Size));

    [Fact]
    public async Task What_was_touched_first_is_fetched_before_anybody_asks_the_next_time()
    {
        int[] touched = [40, 7, 64, 8, 22];
        await using (var device = Open(new RangedSource(_content), PrefetchMode.Profile))
        {
            foreach (var piece in touched)
                await device.ReadAsync((piece * Piece) + 50, new byte[10], Token);
        }

        var source = new RangedSource(_content);
        await using (var device = Open(source, PrefetchMode.Profile))
        {
            await device.WhenIdleAsync();
            // Piece by piece in the order of the first touch; those that lie together come together.
            Assert.Equal(
                [
                    new ByteRange(40 * Piece, Piece),
                    new(7 * Piece, Piece),
                    new(64 * Piece, 99),
                    new(8 * Piece, Piece),
                    new(22 * Piece, Piece),
                ],
                source.Opened);
            foreach (var piece in touched)
                await device.ReadAsync((piece * Piece) + 50, new byte[10], Token);
            Assert.Equal(5, source.Opened.Count);
        }
    }

    [Fact]
    public async Task Nothing_is_fetched_ahead_if_that_was_not_wanted()
    {
        await using (var device = Open(new RangedSource(_content), PrefetchMode.None))
            await device.ReadAsync(0, new byte[10], Token);
        var source = new RangedSource(_content);
        await using (var device = Open(source, PrefetchMode.None))
            await device.WhenIdleAsync();
        Assert.Empty(source.Opened);
        Assert.True(File.Exists(ProfilePath));
    }

    [Fact]
    public async Task All_of_a_device_is_fetched_where_that_is_wanted()
    {
        var source = new RangedSource(_content);
        await using var device = Open(source, PrefetchMode.All);
        await device.WhenIdleAsync();
        Assert.Equal(Size, source.OpenedBytes);
        var buffer = new byte[Size];
        await device.ReadAsync(0, buffer, Token);
        SameBytes.Check(_content, buffer);
        Assert.Equal(Size, source.OpenedBytes);
    }

    [Fact]
    public void A_profile_that_does_not_help_is_given_up()
    {
        var feed = new ProfileFeed(BootProfile.Of(long.MaxValue, Enumerable.Range(0, 1000).Select(i => i * 100L)));
        for (var i = 0; i < 64; i++)
        {
            Assert.False(feed.WasWrong);
            feed.OnTouch((i * 100L) + (i % 3 == 0 ? 0 : 1));
        }
        Assert.True(feed.WasWrong);
    }

    [Fact]
    public async Task What_a_reader_had_fetched_meanwhile_is_not_fetched_again()
    {
        File.WriteAllText(ProfilePath, BootProfile.Of(Size, [0, 2, 4]).ToText()); // of one stretch, so they are looked up together
        var first = new TaskCompletionSource();
        var source = new RangedSource(_content) { Opening = async (_, _) => await first.Task };
        await using var device = Open(source, PrefetchMode.Profile);
        var read = device.ReadAsync((4 * Piece) + 50, new byte[10], Token); // waits in the queue, before the rest of the profile
        first.SetResult();
        await read;
        await device.WhenIdleAsync();
        Assert.Equal([new ByteRange(0, Piece), new(4 * Piece, Piece), new(2 * Piece, Piece)], source.Opened);
    }

    [Fact]
    public async Task A_profile_that_was_wrong_is_replaced_by_what_was_right()
    {
        File.WriteAllText(ProfilePath, BootProfile.Of(Size, [63]).ToText());
        await using (var device = Open(new RangedSource(_content), PrefetchMode.Profile))
        {
            for (var piece = 0; piece < 64; piece++)
                await device.ReadAsync(piece * Piece, new byte[10], Token);
        }
        Assert.Equal(Enumerable.Range(0, 64).Select(piece => (long)piece), BootProfile.Parse(File.ReadAllText(ProfilePath), Size)!.Pieces);
    }

    [Fact]
    public void Only_the_first_minute_is_recorded_and_a_copy_not_at_all()
    {
        var time = new FakeTimeProvider();
        var recorder = new ProfileRecorder(time);
        recorder.OnTouch(5);
        time.Advance(ProfileRecorder.Window);
        recorder.OnTouch(6);
        time.Advance(TimeSpan.FromSeconds(1));
        recorder.OnTouch(7);
        Assert.Equal([5, 6], recorder.Pieces);

        var copy = new ProfileRecorder(time);
        for (var piece = 0; piece < ProfileRecorder.Most; piece++)
            copy.OnTouch(piece);
        Assert.Empty(copy.Pieces);
    }

    [Fact]
    public async Task A_file_that_is_no_profile_is_replaced_and_does_no_harm()
    {
        File.WriteAllText(ProfilePath, "not a profile");
        await using (var device = Open(new RangedSource(_content), PrefetchMode.Profile))
            await device.ReadAsync(9 * Piece, new byte[10], Token);
        Assert.Equal([9], BootProfile.Parse(File.ReadAllText(ProfilePath), Size)!.Pieces);
    }

    private CacheFilter Open(RangedSource source, PrefetchMode prefetch) => new(
        source,
        _cache,
        identity: null,
        new CacheSettings { Zone = 0, Readahead = 0, Connections = 1, Prefetch = prefetch, ProfileFile = ProfilePath },
        TimeProvider.System,
        NullLogger.Instance);
}

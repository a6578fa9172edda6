using Becket.Attaching;
using Becket.Daemon;
using Becket.Watching;

namespace Becket.Tests.Program;

public class WatchingTests
{
    private static readonly AttachmentStatus Mounted = new()
    {
        Id = "1",
        Source = "s3://bucket/disk.img",
        Via = AttachmentMethod.Nbd,
        Device = "/dev/nbd0",
        MountPoint = "/mnt",
        FileSystem = "ext4",
        Size = 1L << 30,
        Process = 4711,
        Health = HealthState.Ok,
        Reads = 1000,
        BytesRead = 3L << 30,
        WaitedReads = 125,
        BytesFetched = 256 << 20,
        BytesInMemory = 256 << 20,
        Percentile99Milliseconds = 12.34,
    };

    private static readonly AttachmentStatus Attached = Mounted with
    {
        Id = "2",
        Device = "/dev/nbd11",
        MountPoint = null,
        FileSystem = null,
        Health = HealthState.Failing,
        Problem = "the store is away",
        BytesInMemory = 0,
    };

    [Fact]
    public void The_table_has_a_line_for_each_and_below_it_what_is_wrong() => Assert.Equal(
        """
        SOURCE                DEVICE      MOUNTED ON  TYPE  SIZE     READ     CACHED            HEALTH
        s3://bucket/disk.img  /dev/nbd0   /mnt        ext4  1.0 GiB  3.0 GiB  256.0 MiB (25 %)  ok
        s3://bucket/disk.img  /dev/nbd11  -           -     1.0 GiB  3.0 GiB  -                 failing
          the store is away

        """,
        AttachmentTable.Format([Mounted, Attached]));

    [Fact]
    public void A_pace_is_what_went_on_between_two_looks()
    {
        var before = Mounted with { Reads = 800, BytesRead = (3L << 30) - (8 << 20), BytesFetched = 254 << 20 };
        var pace = new AttachmentPace(Mounted, before, TimeSpan.FromSeconds(2));

        Assert.Equal((4L << 20, 1L << 20, 100L), (pace.ReadRate, pace.FetchRate, pace.ReadsPerSecond));
        Assert.Equal(0.875, pace.HitRatio);
        Assert.Equal(
            "s3://bucket/disk.img /mnt: 4.0 MiB/s read, 1.0 MiB/s fetched, 100 reads/s, 87.5 % from memory, "
            + "99 % within 12.3 ms, 0 ranges on their way, ok",
            pace.ToString());
    }

    [Fact]
    public void Of_what_is_seen_for_the_first_time_there_is_no_pace_yet()
    {
        var pace = new AttachmentPace(Attached with { Reads = 0, WaitedReads = 0 }, null, TimeSpan.FromSeconds(1));

        Assert.Equal((0L, 0L, 0L), (pace.ReadRate, pace.FetchRate, pace.ReadsPerSecond));
        Assert.Null(pace.HitRatio);
        Assert.Equal("-", pace.HitText);
        Assert.EndsWith("failing: the store is away", pace.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_map_shows_where_in_the_object_something_is_on_its_way()
    {
        var status = Mounted with { Size = 100, Fetching = [new FetchStatus(0, 10), new FetchStatus(95, 5), new FetchStatus(50, 1)] };

        var lines = LiveScreen.Draw([new AttachmentPace(status, null, TimeSpan.Zero)], width: 24).ToList();

        Assert.Contains("  [██········█········█]", lines);
        Assert.All(lines, static line => Assert.True(line.Length <= 24, line));
    }

    [Fact]
    public void What_is_wrong_is_on_the_screen_and_a_device_of_no_bytes_or_odd_ranges_do_no_harm()
    {
        var status = Attached with { Size = 0, Fetching = [new FetchStatus(0, 10)] };

        var lines = LiveScreen.Draw([new AttachmentPace(status, null, TimeSpan.Zero)], width: 80).ToList();

        Assert.Contains("  ! the store is away", lines);
    }
}

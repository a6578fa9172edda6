using Becket.Mounting;

namespace Becket.Tests.Program;

public class MountTableTests
{
    [Fact]
    public void A_line_tells_source_mount_point_and_type_however_many_optional_fields_it_has() => Assert.Equal(
        [
            new MountEntry("/dev/nbd0p1", "/mnt", "ext4"),
            new MountEntry("proc", "/proc", "proc"),
            new MountEntry("/dev/root", "/mnt2", "ext3"),
        ],
        MountTable.Parse(
        [
            "36 35 43:1 / /mnt ro,relatime shared:1 - ext4 /dev/nbd0p1 ro",
            "37 35 0:5 / /proc rw - proc proc rw",
            "38 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 unbindable - ext3 /dev/root rw,errors=continue",
        ]));

    [Theory]
    [InlineData("/mnt/two\\040words", "/mnt/two words")]
    [InlineData("/mnt/a\\011tab", "/mnt/a\ttab")]
    [InlineData("/mnt/a\\012line", "/mnt/a\nline")]
    [InlineData("/mnt/back\\134slash", "/mnt/back\\slash")]
    [InlineData("/mnt/k\\303\\244se", "/mnt/käse")]
    [InlineData("/mnt/käse\\040", "/mnt/käse ")]
    [InlineData("/mnt/plain", "/mnt/plain")]
    public void Escapes_are_undone(string written, string meant) =>
        Assert.Equal(meant, Assert.Single(MountTable.Parse([$"36 35 43:1 / {written} ro - ext4 /dev/nbd0 ro"])).Target);

    [Fact]
    public void A_source_may_have_blanks_as_well() => Assert.Equal(
        "s3://bucket/a b",
        Assert.Single(MountTable.Parse(["36 35 0:40 / /mnt ro - fuse.becket s3://bucket/a\\040b ro"])).Source);

    [Theory]
    [InlineData("")]
    [InlineData("36 35 43:1 / /mnt ro")]
    [InlineData("36 35 43:1 / /mnt ro shared:1 -")]
    [InlineData("36 35 43:1 / /mnt ro - ext4")]
    public void What_is_no_such_line_is_passed_over(string line) => Assert.Empty(MountTable.Parse([line]));

    [Fact]
    public void Later_mounts_come_later_and_hide_the_earlier_ones() =>
        Assert.Equal("/proc", MountTable.At("/proc")?.Target);

    [Fact]
    public async Task A_wait_whose_condition_does_not_hold_ends_at_once() =>
        await MountTable.WhileAsync(static () => false, TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_wait_ends_when_it_is_cancelled()
    {
        using var cancelling = new CancellationTokenSource();
        var looked = new TaskCompletionSource();
        var waiting = MountTable.WhileAsync(
            () =>
            {
                looked.TrySetResult();
                return true;
            },
            cancelling.Token);
        await looked.Task.WaitAsync(TestContext.Current.CancellationToken);

        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.WaitAsync(TestContext.Current.CancellationToken));
    }
}

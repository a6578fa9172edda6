using Becket.Mounting;

namespace Becket.Tests.Program;

public class FileSystemChoiceTests
{
    private const string Source = "s3://bucket/disk.img";

    private static readonly Contents PartitionedDisk = new() { Device = "/dev/nbd0", Size = 100 << 20, PartitionTable = "gpt" };

    [Fact]
    public void What_blkid_says_is_read()
    {
        var place = new Contents { Device = "/dev/nbd0p2", Partition = 2, Size = 1 << 20 };

        var contents = ContentProbe.Parse(
            place, "DEVNAME=/dev/nbd0p2\nLABEL=two\\ words\nUUID=1=2\nTYPE=ext4\nUSAGE=filesystem\nPART_ENTRY_NAME=root\n");

        Assert.Equal(place with { Type = "ext4", Label = "two words", Usage = "filesystem" }, contents);
        Assert.True(contents.IsFileSystem);
        Assert.Equal("#2 1.0 MiB ext4 \"two words\"", contents.ToString());
    }

    [Fact]
    public void Without_a_label_the_partitions_name_will_do_and_a_table_is_no_file_system()
    {
        var disk = ContentProbe.Parse(PartitionedDisk with { PartitionTable = null }, "PTUUID=1\nPTTYPE=gpt\n");
        var partition = ContentProbe.Parse(Partition(1), "PART_ENTRY_NAME=EFI\\ System\nPART_ENTRY_SIZE=1\n");

        Assert.Equal(PartitionedDisk, disk);
        Assert.False(disk.IsFileSystem);
        Assert.Equal("EFI System", partition.Label);
        Assert.Equal("#1 1.0 MiB nothing that is known \"EFI System\"", partition.ToString());
    }

    [Fact]
    public void A_disk_that_is_one_file_system_is_taken_even_if_parts_of_it_show_as_partitions()
    {
        Contents[] iso = [Whole("iso9660"), Partition(1, "iso9660"), Partition(2, "vfat")];

        Assert.Equal(iso[0], FileSystemChoice.Choose(Source, iso, null));
        Assert.Equal(iso[2], FileSystemChoice.Choose(Source, iso, 2));
    }

    [Fact]
    public void The_only_file_system_need_not_be_named()
    {
        Contents[] disk = [PartitionedDisk, Partition(1), Partition(2, "ext4"), Partition(3, "swap", "other")];

        Assert.Equal(disk[2], FileSystemChoice.Choose(Source, disk, null));
    }

    [Fact]
    public void Of_several_one_must_be_named_and_the_message_lists_them()
    {
        Contents[] disk = [PartitionedDisk, Partition(1), Partition(2, "vfat"), Partition(5, "ext4")];

        Assert.Equal(
            $"""
            {Source} holds several file systems; choose one, such as '{Source}#2':
              #1 1.0 MiB nothing that is known
              #2 1.0 MiB vfat
              #5 1.0 MiB ext4
            """,
            Refusal(disk, null));
        Assert.Equal(disk[3], FileSystemChoice.Choose(Source, disk, 5));
    }

    [Theory]
    [InlineData(4, "has no partition 4; it has:\n  #1 1.0 MiB swap")]
    [InlineData(1, "partition 1 of s3://bucket/disk.img holds swap, which is not a file system")]
    [InlineData(0, "s3://bucket/disk.img holds a partition table (gpt)")]
    [InlineData(null, "holds no file system on any of its partitions:\n  #1 1.0 MiB swap")]
    public void A_partition_that_cannot_be_mounted_is_refused_with_what_it_is(int? partition, string reason) =>
        Assert.Contains(reason, Refusal([PartitionedDisk, Partition(1, "swap", "other")], partition), StringComparison.Ordinal);

    [Fact]
    public void A_disk_without_partitions_is_refused_with_what_it_is()
    {
        Assert.Contains("has no partitions at all", Refusal([Whole("ext4")], 1), StringComparison.Ordinal);
        Assert.Contains(
            "holds crypto_LUKS, which is not a file system", Refusal([Whole("crypto_LUKS", "crypto")], null), StringComparison.Ordinal);
        Assert.Contains("holds no file system that blkid(8) knows", Refusal([Whole(null)], null), StringComparison.Ordinal);
        Assert.Contains("no partition that the kernel could find", Refusal([PartitionedDisk], null), StringComparison.Ordinal);
    }

    private static string Refusal(IReadOnlyList<Contents> found, int? partition) =>
        Assert.Throws<CommandException>(() => FileSystemChoice.Choose(Source, found, partition)).Message;

    private static Contents Whole(string? type, string usage = "filesystem") =>
        new() { Device = "/dev/nbd0", Size = 100 << 20, Type = type, Usage = type is null ? null : usage };

    private static Contents Partition(int number, string? type = null, string usage = "filesystem") =>
        new() { Device = $"/dev/nbd0p{number}", Partition = number, Size = 1 << 20, Type = type, Usage = type is null ? null : usage };
}

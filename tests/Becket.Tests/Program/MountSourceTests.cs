using Becket.Sources;

namespace Becket.Tests.Program;

public class MountSourceTests
{
    [Theory]
    [InlineData("s3://bucket/disk.img", null, "s3://bucket/disk.img", null)]
    [InlineData("s3://bucket/disk.img#2", null, "s3://bucket/disk.img", 2)]
    [InlineData("s3://bucket/disk.img#0", null, "s3://bucket/disk.img", 0)]
    [InlineData("s3://bucket/disk#2.img", null, "s3://bucket/disk#2.img", null)]
    [InlineData("s3://bucket/disk#1#2", null, "s3://bucket/disk#1", 2)]
    [InlineData("s3://bucket/disk.img#2", 1, "s3://bucket/disk.img#2", 1)]
    [InlineData("s3://bucket/disk.img#", null, "s3://bucket/disk.img#", null)]
    [InlineData("s3://bucket/disk.img#-1", null, "s3://bucket/disk.img#-1", null)]
    [InlineData("s3://bucket/disk.img#+1", null, "s3://bucket/disk.img#+1", null)]
    [InlineData("https://host/disk.img#12", null, "https://host/disk.img", 12)]
    [InlineData("/srv/disk.img#3", null, "/srv/disk.img", 3)]
    [InlineData("/srv/./x/../disk.img", null, "/srv/disk.img", null)]
    public void A_number_behind_the_last_hash_is_the_partition_unless_it_was_named_apart(
        string text, int? named, string source, int? partition)
    {
        var parsed = MountSource.Parse(text, named);

        Assert.Equal(source, parsed.Source.ToString());
        Assert.Equal(partition, parsed.Partition);
    }

    [Fact]
    public void A_local_file_has_its_full_path() =>
        Assert.Equal(Path.Combine(Environment.CurrentDirectory, "disk.img"), MountSource.Parse("disk.img#1", null).Source.ToString());

    [Fact]
    public void What_is_served_already_is_not_attached_by_us() => Assert.Contains(
        "nbd-client",
        Assert.Throws<CommandException>(() => MountSource.Parse("nbd://host/export", null)).Message,
        StringComparison.Ordinal);
}

import { defineCommand, defineEvent, defineModel, query, reject } from "@eventchain/ledger";
import { z } from "zod";

/** The course of `dcb-course-scenarios`: courses with places, and students who take them. Each rule has a code of its own. */

const course = z.object({ courseId: z.string() });
const subscription = z.object({ courseId: z.string(), studentId: z.string() });
const courseTag = ({ courseId }: { courseId: string }) => `course:${courseId}`;
const studentTag = ({ studentId }: { studentId: string }) => `student:${studentId}`;

const CourseDefined = defineEvent("CourseDefined", {
  schema: course.extend({ capacity: z.int() }),
  tags: (data) => [courseTag(data)],
  stream: courseTag,
});
const CourseCapacityChanged = defineEvent("CourseCapacityChanged", {
  schema: course.extend({ newCapacity: z.int() }),
  tags: (data) => [courseTag(data)],
  stream: courseTag,
});
const CourseArchived = defineEvent("CourseArchived", {
  schema: course,
  tags: (data) => [courseTag(data)],
  stream: courseTag,
});
const StudentSubscribedToCourse = defineEvent("StudentSubscribedToCourse", {
  schema: subscription,
  tags: (data) => [courseTag(data), studentTag(data)],
  stream: courseTag,
});
const StudentUnsubscribedFromCourse = defineEvent("StudentUnsubscribedFromCourse", {
  schema: subscription,
  tags: (data) => [courseTag(data), studentTag(data)],
  stream: courseTag,
});

type CourseStatus = "NonExistent" | "Existent" | "Archived";

const courseState = defineModel("course", {
  initial: () => ({ status: "NonExistent" as CourseStatus, capacity: 0, students: [] as string[], subscriptions: 0 }),
})
  .on(CourseDefined, (state, { data }) => ({ ...state, status: "Existent", capacity: data.capacity }))
  .on(CourseCapacityChanged, (state, { data }) => ({ ...state, capacity: data.newCapacity }))
  .on(CourseArchived, (state) => ({ ...state, status: "Archived" }))
  .on(StudentSubscribedToCourse, (state, { data }) => ({
    ...state,
    students: [...state.students, data.studentId],
    subscriptions: state.subscriptions + 1,
  }))
  .on(StudentUnsubscribedFromCourse, (state, { data }) => ({
    ...state,
    students: state.students.filter((student) => student !== data.studentId),
    subscriptions: state.subscriptions - 1,
  }));

/** How many courses a student takes. */
const studentState = defineModel("student", { initial: () => 0 })
  .on(StudentSubscribedToCourse, (count) => count + 1)
  .on(StudentUnsubscribedFromCourse, (count) => count - 1);

const MOST_COURSES = 10;

const courseContext = (input: { courseId: string }) => query({ tags: [courseTag(input)] });
const bothContexts = (input: { courseId: string; studentId: string }) => ({
  course: courseContext(input),
  student: query({ tags: [studentTag(input)] }),
});

const defineCourse = defineCommand("DefineCourse", {
  input: course.extend({ capacity: z.int() }),
  context: courseContext,
  model: courseState,
  records: [CourseDefined],
  rejects: { "course-exists": "There is, or was, a course of this id" },
  decide: ({ input, model }) =>
    model.status === "NonExistent" ? CourseDefined({ ...input }) : reject("course-exists"),
});

const changeCourseCapacity = defineCommand("ChangeCourseCapacity", {
  input: course.extend({ newCapacity: z.int() }),
  context: courseContext,
  model: courseState,
  records: [CourseCapacityChanged],
  rejects: {
    "no-such-course": "There is no such course",
    "too-many-subscribed": "More students are subscribed than that",
    "same-capacity": "It has this capacity already",
  },
  decide: ({ input, model }) => {
    if (model.status !== "Existent") return reject("no-such-course");
    if (model.subscriptions > input.newCapacity) return reject("too-many-subscribed");
    if (model.capacity === input.newCapacity) return reject("same-capacity");
    return CourseCapacityChanged({ ...input });
  },
});

const archiveCourse = defineCommand("ArchiveCourse", {
  input: course,
  context: courseContext,
  model: courseState,
  records: [CourseArchived],
  rejects: { "no-such-course": "There is no such course" },
  decide: ({ input, model }) => (model.status === "Existent" ? CourseArchived({ ...input }) : reject("no-such-course")),
});

const subscribeStudent = defineCommand("SubscribeStudentToCourse", {
  input: subscription,
  context: bothContexts,
  model: { course: courseState, student: studentState },
  records: [StudentSubscribedToCourse],
  rejects: {
    "no-such-course": "There is no such course",
    "course-full": "The course has no place left",
    "subscribed-already": "The student takes it already",
    "too-many-courses": `A student takes at most ${MOST_COURSES} courses`,
  },
  decide: ({ input, model }) => {
    if (model.course.status !== "Existent") return reject("no-such-course");
    if (model.course.subscriptions >= model.course.capacity) return reject("course-full");
    if (model.course.students.includes(input.studentId)) return reject("subscribed-already");
    if (model.student >= MOST_COURSES) return reject("too-many-courses");
    return StudentSubscribedToCourse({ ...input });
  },
});

const unsubscribeStudent = defineCommand("UnsubscribeStudentFromCourse", {
  input: subscription,
  context: bothContexts,
  model: { course: courseState, student: studentState },
  records: [StudentUnsubscribedFromCourse],
  rejects: {
    "no-such-course": "There is no such course",
    "not-subscribed": "The student does not take it",
  },
  decide: ({ input, model }) => {
    if (model.course.status !== "Existent") return reject("no-such-course");
    if (!model.course.students.includes(input.studentId)) return reject("not-subscribed");
    return StudentUnsubscribedFromCourse({ ...input });
  },
});

export const courseEvents = {
  CourseDefined,
  CourseCapacityChanged,
  CourseArchived,
  StudentSubscribedToCourse,
  StudentUnsubscribedFromCourse,
};

/** By name; the codes of each stand in the order of the rules in the published model. */
export const courseCommands = {
  DefineCourse: defineCourse,
  ChangeCourseCapacity: changeCourseCapacity,
  ArchiveCourse: archiveCourse,
  SubscribeStudentToCourse: subscribeStudent,
  UnsubscribeStudentFromCourse: unsubscribeStudent,
};
